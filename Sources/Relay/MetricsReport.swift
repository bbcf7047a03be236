extension RelayServices {
  /// What `GET /metrics` shows.
  func metricsReport() -> String {
    let events = metrics.events
    let traffic = metrics.traffic
    let sockets = admission.sockets
    let waiting = rooms.waiting
    var text = MetricsText()
    text.add(
      "tacc_relay_build_info", .gauge, "The program's version; always 1.", [([("version", configuration.version)], "1")]
    )
    text.add(
      "tacc_relay_start_time_seconds", .gauge, "When the relay was started, in seconds since the epoch.",
      [([], JSONText.seconds(started.unix))])
    text.add(
      "tacc_relay_draining", .gauge, "1 while the relay lets its sessions end and takes nobody new.",
      admission.isDraining ? 1 : 0)
    text.add("tacc_relay_connections_open", .gauge, "Connections that are open.", admission.connections)
    text.add("tacc_relay_connections_total", .counter, "Connections accepted.", events.connections)
    text.add(
      "tacc_relay_tls_handshake_failures_total", .counter, "TLS handshakes that failed.", events.handshakeFailures)
    if let expiry = tls?.expires {
      text.add(
        "tacc_relay_tls_certificate_expiry_seconds", .gauge,
        "When the certificate expires, in seconds since the epoch.", expiry)
    }
    text.add(
      "tacc_relay_websockets_open", .gauge, "WebSockets that are open.",
      [([("in", "session")], "\(sockets.sessions)"), ([("in", "room")], "\(sockets.rooms)")])
    text.add("tacc_relay_sessions_open", .gauge, "Sessions that are alive.", store.count)
    text.add("tacc_relay_sessions_total", .counter, "Sessions opened, those of matches among them.", events.sessions)
    text.add("tacc_relay_rooms_open", .gauge, "Rooms in which somebody waits.", waiting.rooms)
    text.add("tacc_relay_waiting", .gauge, "Agents that wait in rooms.", waiting.agents)
    text.add("tacc_relay_matches_total", .counter, "Pairs of agents brought together.", events.matches)
    text.add("tacc_relay_messages_total", .counter, "WebSocket messages received.", traffic.messages)
    text.add("tacc_relay_message_bytes_total", .counter, "Bytes of WebSocket messages received.", traffic.bytes)
    text.add(
      "tacc_relay_messages_dropped_total", .counter, "Messages that did not reach the other side, by reason.",
      RelayMetrics.Drop.allCases.map { ([("reason", $0.rawValue)], "\(events.drops[$0, default: 0])") })
    text.add(
      "tacc_relay_refused_total", .counter, "Connections, requests and messages refused for a limit, by its name.",
      events.refusals.sorted { $0.key < $1.key }.map { ([("limit", $0.key)], "\($0.value)") })
    text.add(
      "tacc_relay_websockets_closed_total", .counter, "WebSockets closed by the relay, by code and reason.",
      events.closes.sorted { ($0.key.code, $0.key.text) < ($1.key.code, $1.key.text) }
        .map { ([("code", "\($0.key.code)"), ("reason", $0.key.text)], "\($0.value)") })
    text.add(
      "tacc_relay_forwarding_seconds",
      "From a message's last byte read to its being handed to the system for the other side.", traffic.delays)
    return text.text
  }
}
