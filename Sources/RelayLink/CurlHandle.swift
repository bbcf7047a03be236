internal import CCurl

/// One easy handle of libcurl, with what it points to. Belongs to the thread that made it.
final class CurlHandle {
  let raw: UnsafeMutableRawPointer
  private let errorBuffer: UnsafeMutablePointer<CChar>
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let endpoint: RelayEndpoint
  private let options: RelayLinkOptions

  /// A handle with everything set that HTTP requests and WebSockets have in common.
  ///
  /// - Parameter mailbox: abandoning it makes a running ``perform(stage:)`` stop within a second.
  init(
    url: String, schemes: String, endpoint: RelayEndpoint, options: RelayLinkOptions, mailbox: LinkMailbox
  ) throws(RelayLinkError) {
    guard let raw = curl_easy_init() else { throw .resourcesExhausted("curl_easy_init: out of memory") }
    self.raw = raw
    self.endpoint = endpoint
    self.options = options
    errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    // From here on deinit releases everything.
    try check(ccurl_set_error_buffer(raw, errorBuffer), "error buffer")
    try set(CURLOPT_URL, url)
    try set(CURLOPT_PROTOCOLS_STR, schemes)
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try set(CURLOPT_USERAGENT, options.userAgent)
    // A resolver that hangs must not hold up the deadline; its thread ends by itself.
    try set(CURLOPT_QUICK_EXIT, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, Int(options.connectDeadline.milliseconds))
    try set(CURLOPT_TIMEOUT_MS, Int(options.connectDeadline.milliseconds))
    if let caFile = options.caFile { try set(CURLOPT_CAINFO, caFile) }
    if !options.usesEnvironmentProxy { try set(CURLOPT_PROXY, "") }
    switch options.addressFamily {
    case .any: break
    case .ipv4: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V4))
    case .ipv6: try set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V6))
    }
    try set(CURLOPT_RESOLVE, list: options.resolve)
    // The mailbox outlives the handle: whoever runs the handle holds it.
    try check(
      ccurl_set_progress(
        raw,
        { context, _, _, _, _ in
          guard let context else { return 0 }
          return Unmanaged<LinkMailbox>.fromOpaque(context).takeUnretainedValue().isAbandoned ? 1 : 0
        }, Unmanaged.passUnretained(mailbox).toOpaque()), "progress function")
  }

  deinit {
    curl_easy_cleanup(raw)
    for list in lists { curl_slist_free_all(list) }
    errorBuffer.deallocate()
  }

  func set(_ option: CURLoption, _ value: Int) throws(RelayLinkError) {
    try check(ccurl_set_long(raw, option, value), "option \(option.rawValue)")
  }

  func set(_ option: CURLoption, _ value: String) throws(RelayLinkError) {
    // libcurl copies the string.
    try check(ccurl_set_string(raw, option, value), "option \(option.rawValue)")
  }

  func set(_ option: CURLoption, list values: [String]) throws(RelayLinkError) {
    guard !values.isEmpty else { return }
    var list: UnsafeMutablePointer<curl_slist>?
    for value in values {
      guard let longer = curl_slist_append(list, value) else {
        curl_slist_free_all(list)
        throw .resourcesExhausted("curl_slist_append: out of memory")
      }
      list = longer
    }
    guard let list else { return }
    lists.append(list)
    try check(ccurl_set_list(raw, option, list), "option \(option.rawValue)")
  }

  /// What libcurl says about the last failure, made safe to show.
  func detail(_ code: CURLcode) -> String {
    let text = String(cString: errorBuffer)
    return displayable(withoutCredentials(text.isEmpty ? String(cString: curl_easy_strerror(code)) : text))
  }

  /// Runs the request; blocks. HTTP statuses are for the caller to judge.
  ///
  /// - Parameter stage: what a deadline that passes is said to have waited for.
  /// - Returns: the HTTP status.
  func perform(stage: String) throws(RelayLinkError) -> Int {
    let code = curl_easy_perform(raw)
    var status = 0
    _ = ccurl_get_response_code(raw, &status)
    // A refused upgrade is an error to libcurl and an HTTP status to us.
    if code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR {
      // A server that ends the connection at once, as one that expects TLS does, leaves libcurl content and without a
      // status.
      if status == 0 { throw .unexpectedAnswer("it is no HTTP (does the address need https:// or wss://?)") }
      return status
    }
    throw failure(code, stage: stage)
  }

  private func failure(_ code: CURLcode, stage: String) -> RelayLinkError {
    let detail = detail(code)
    return switch code {
    case CURLE_COULDNT_RESOLVE_HOST: .nameNotFound(host: endpoint.host, detail: detail)
    case CURLE_COULDNT_RESOLVE_PROXY: .connectionFailed("the proxy's name has no address (\(detail))")
    case CURLE_COULDNT_CONNECT: .unreachable(host: endpoint.host, port: endpoint.port, detail: detail)
    case CURLE_OPERATION_TIMEDOUT: .timedOut(stage: stage, after: options.connectDeadline)
    case CURLE_ABORTED_BY_CALLBACK: .cancelled
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND,
      CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED:
      .tlsFailed(host: endpoint.host, detail: detail)
    // What answers without a status line counts as HTTP 0.9.
    case CURLE_UNSUPPORTED_PROTOCOL where detail.contains("HTTP/0.9"):
      .unexpectedAnswer("it is no HTTP (is there a relay at this port?)")
    case CURLE_UNSUPPORTED_PROTOCOL:
      .unsuitableLibcurl(version: LibcurlRequirements.current.versionText, problem: detail)
    case CURLE_WEIRD_SERVER_REPLY: .unexpectedAnswer(detail)
    case CURLE_OUT_OF_MEMORY: .resourcesExhausted(detail)
    default: .connectionFailed(detail)
    }
  }

  private func check(_ code: CURLcode, _ what: String) throws(RelayLinkError) {
    guard code != CURLE_OK else { return }
    throw .invalidOptions("libcurl refused \(what): \(String(cString: curl_easy_strerror(code)))")
  }
}
