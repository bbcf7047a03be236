internal import CCurl

/// Asks a relay for a new session (`POST /session`).
///
/// - Parameters:
///   - endpoint: where the relay is.
///   - options: deadlines, certificates, proxies.
/// - Returns: the session's code, identifier and life time; `role` and `expiresAt` are `nil`.
/// - Throws: ``RelayLinkError``; ``RelayLinkError/tooManySessions`` if the relay's quota for this address is used up.
///   Cancelling the task throws ``RelayLinkError/cancelled`` within a second.
public func createSession(
  at endpoint: RelayEndpoint, options: RelayLinkOptions = RelayLinkOptions()
) async throws(RelayLinkError) -> RelaySession {
  try LibcurlRequirements.current.check()
  try options.validate()
  let mailbox = try LinkMailbox()
  // A closure keeps the typed throw that withTaskCancellationHandler would lose.
  let result: Result<RelaySession, RelayLinkError> = await withTaskCancellationHandler {
    do throws(RelayLinkError) {
      return .success(
        try await onOwnThread {
          do throws(RelayLinkError) {
            return .success(try requestSession(at: endpoint, options: options, mailbox: mailbox))
          } catch {
            return .failure(error)
          }
        })
    } catch {
      return .failure(error)
    }
  } onCancel: {
    mailbox.ask(.abandon)
  }
  return try result.get()
}

/// The answer to `POST /session`, checked.
struct SessionAnswer: Decodable {
  /// Longest answer accepted, in bytes.
  static let maximumSize = 16 * 1024
  /// Longest life time believed, in seconds: ten years.
  static let maximumLife = 315_360_000.0

  var sessionCode: String
  var sessionID: String
  var proto: String
  var ver: Int
  var expiresIn: Double

  enum CodingKeys: String, CodingKey {
    case sessionCode = "session_code"
    case sessionID = "session_id_b64"
    case proto, ver
    case expiresIn = "expires_in_s"
  }

  static func parse(_ body: [UInt8]) throws(RelayLinkError) -> RelaySession {
    do throws(MalformedMessage) {
      let answer = try decodeJSON(SessionAnswer.self, from: body)
      guard answer.proto == RelayMessage.proto, answer.ver == RelayMessage.version else {
        throw MalformedMessage(
          problem: "it speaks \(displayable(answer.proto, limit: 16)) version \(answer.ver)")
      }
      guard SessionCode.isValid(answer.sessionCode) else {
        throw MalformedMessage(problem: "session_code is not a session code")
      }
      guard let id = decodeBase64(answer.sessionID, count: RelaySession.idLength...RelaySession.idLength) else {
        throw MalformedMessage(problem: "session_id_b64 is not 16 bytes of base64")
      }
      guard answer.expiresIn > 0, answer.expiresIn <= maximumLife else {
        throw MalformedMessage(problem: "expires_in_s is not a time to live")
      }
      return RelaySession(
        sessionCode: answer.sessionCode, sessionID: id, expiresIn: .milliseconds(Int64(answer.expiresIn * 1000)))
    } catch {
      throw .unexpectedAnswer(error.problem)
    }
  }
}

/// Blocks for at most the connect deadline.
private func requestSession(
  at endpoint: RelayEndpoint, options: RelayLinkOptions, mailbox: LinkMailbox
) throws(RelayLinkError) -> RelaySession {
  defer { mailbox.end() }
  let body = BoundedBody(limit: SessionAnswer.maximumSize)
  let handle = try CurlHandle(
    url: endpoint.httpBase + "/session", schemes: "http,https", endpoint: endpoint, options: options, mailbox: mailbox)
  try handle.set(CURLOPT_POST, 1)
  try handle.set(CURLOPT_POSTFIELDSIZE, 0)
  try handle.set(CURLOPT_COPYPOSTFIELDS, "")
  try handle.set(CURLOPT_HTTPHEADER, list: ["Accept: application/json", "Content-Type: application/json"])
  _ = ccurl_set_write(
    handle.raw,
    { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let (total, overflow) = size.multipliedReportingOverflow(by: count)
      let body = Unmanaged<BoundedBody>.fromOpaque(context).takeUnretainedValue()
      guard !overflow, body.append(UnsafeRawBufferPointer(start: bytes, count: total)) else { return 0 }
      return total
    }, Unmanaged.passUnretained(body).toOpaque())
  // libcurl holds an unretained reference to it.
  defer { withExtendedLifetime(body) {} }
  let status: Int
  do throws(RelayLinkError) {
    status = try handle.perform(stage: "the relay's answer to POST /session")
  } catch {
    if body.isOverfull { throw .unexpectedAnswer("it is longer than \(SessionAnswer.maximumSize) bytes") }
    throw error
  }
  switch status {
  case 200, 201: return try SessionAnswer.parse(body.bytes)
  case 429: throw .tooManySessions
  default: throw .notARelay(status: status)
  }
}

/// Collects a response up to a limit. Belongs to the thread that performs the request.
private final class BoundedBody {
  private let limit: Int
  private(set) var bytes: [UInt8] = []
  private(set) var isOverfull = false

  init(limit: Int) { self.limit = limit }

  func append(_ more: UnsafeRawBufferPointer) -> Bool {
    guard more.count <= limit - bytes.count else {
      isOverfull = true
      return false
    }
    bytes.append(contentsOf: more)
    return true
  }
}
