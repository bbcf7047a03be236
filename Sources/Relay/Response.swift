import NIOHTTP1

/// An answer to an HTTP request, small enough to be made whole.
struct Response {
  var status: HTTPResponseStatus
  var contentType: String
  var body: String
  var headers: [(String, String)] = []

  static func json(_ status: HTTPResponseStatus, _ body: String) -> Response {
    Response(status: status, contentType: "application/json", body: body)
  }

  static func tooMany(_ detail: String, retryAfter seconds: Int64) -> Response {
    var response = json(.tooManyRequests, JSONText.detail(detail))
    response.headers.append(("retry-after", "\(seconds)"))
    return response
  }

  static var notFound: Response { .json(.notFound, JSONText.detail("Not Found")) }

  static var draining: Response {
    .json(.serviceUnavailable, JSONText.detail("the relay is shutting down: try again later"))
  }

  static var noSession: Response { .json(.notFound, JSONText.detail("unknown or expired session_code")) }
}
