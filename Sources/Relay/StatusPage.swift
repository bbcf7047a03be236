/// The page at `/`, for people who open the relay's address in a browser.
enum StatusPage {
  static func html(version: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>TACC relay</title>
    <style>body{font:1rem/1.5 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem}</style>
    <h1>TACC relay</h1>
    <p>This relay passes messages between two boards that pair by being shaken together. It sees ciphertext only,
    keeps nothing, and need not be trusted: at worst it can refuse to serve.</p>
    <p>TACC \(version), protocol \(RelayProtocol.name) \(RelayProtocol.version). Point the boards at this address; there is
    nothing to do here in a browser.</p>
    </html>

    """
  }
}
