// SPDX-License-Identifier: Apache-2.0

import Findings
import Testing

/// The examples that NIST publishes for FIPS 180-4, and the lengths around the block size.
@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func publishedVectors(message: String, digest: String) {
    #expect(SHA256.hexadecimalDigest(of: message.utf8) == digest)
  }

  @Test func millionLetters() {
    let message = repeatElement(UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      SHA256.hexadecimalDigest(of: message)
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  // The padding needs nine bytes: 55 bytes fill a block with it, 56 need a second one.
  @Test(arguments: [
    (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
    (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
    (63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"),
    (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
  ])
  func lengthsAroundABlock(count: Int, digest: String) {
    let message = repeatElement(UInt8(ascii: "a"), count: count)
    #expect(SHA256.hexadecimalDigest(of: message) == digest)
  }

  @Test func piecesHashLikeTheWhole() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for cut in stride(from: 0, through: bytes.count, by: 13) {
      var hash = SHA256()
      hash.update(bytes[..<cut])
      hash.update(bytes[cut...])
      #expect(hash.finalize() == SHA256.digest(of: bytes))
    }
  }

  @Test func fieldsDoNotRunTogether() {
    var left = SHA256()
    left.update(field: "ab")
    left.update(field: "c")
    var right = SHA256()
    right.update(field: "a")
    right.update(field: "bc")
    #expect(left.finalize() != right.finalize())
  }
}
