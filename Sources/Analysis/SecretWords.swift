// SPDX-License-Identifier: Apache-2.0

// What names say of secrets. A name argues nothing: what rests on it is only likely.

/// What a name says of a secret.
enum SecretWords {
  /// The words of an identifier in lower case: `apiKey2` and `api_key` are `api` and `key`.
  static func words(of name: some StringProtocol) -> [String] {
    var words: [String] = []
    var word = ""
    var isAfterLower = false
    for character in name.utf8 {
      let isUpper = (0x41...0x5A).contains(character)
      let isLower = (0x61...0x7A).contains(character)
      if !(isUpper || isLower) || (isUpper && isAfterLower) {
        if !word.isEmpty { words.append(word) }
        word = ""
      }
      if isUpper || isLower {
        word.unicodeScalars.append(Unicode.Scalar(isUpper ? character + 0x20 : character))
      }
      isAfterLower = isLower
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private static let passwords: Set<String> = [
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets", "credential",
    "credentials", "apikey",
  ]

  /// Whether a name is one of a password, a key or another secret as it is stored.
  static func isStoredSecret(_ name: some StringProtocol) -> Bool {
    let words = words(of: name)
    guard let last = words.last else { return false }
    if passwords.contains(last) { return true }
    let pair = words.suffix(2)
    return pair.count == 2
      && ([
        ["api", "key"], ["private", "key"], ["secret", "key"], ["access", "key"],
        ["auth", "token"], ["access", "token"], ["encryption", "key"], ["signing", "key"],
        ["aes", "key"], ["hmac", "key"], ["shared", "key"],
      ].contains(Array(pair)))
  }

  /// Whether a name is one of a value that others must not guess or learn.
  static func isSensitive(_ name: some StringProtocol) -> Bool {
    if isStoredSecret(name) { return true }
    let words = words(of: name)
    let known: Set<String> = [
      "key", "keys", "privkey", "secret", "nonce", "salt", "iv", "token", "cookie", "challenge",
      "csrf", "otp", "session", "seckey", "ikm", "prk", "keystream",
    ]
    return words.contains { passwords.contains($0) }
      || words.last.map { known.contains($0) } == true
      || words.suffix(2) == ["session", "id"]
  }

  /// Whether a name is one of what proves who somebody is, and what others must not find by trial.
  static func isProof(_ name: some StringProtocol) -> Bool {
    let words = words(of: name)
    let known: Set<String> = [
      "hmac", "authtag", "passhash", "pwhash", "cmac", "verifier",
    ]
    if words.contains(where: { passwords.contains($0) || known.contains($0) }) { return true }
    guard words.contains("auth") || words.contains("session") || words.contains("csrf") else {
      return false
    }
    return words.last.map { ["tag", "token", "cookie", "mac", "hash", "code"].contains($0) } == true
  }
}
