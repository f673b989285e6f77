// SPDX-License-Identifier: Apache-2.0

/// The stored form of values, for what later layers keep beside the results of the analysis.
///
/// Read back only by the very build that wrote it.
public enum StoredRecord {
  /// The stored form of a value, the same for equal ones.
  public static func bytes(of value: some Encodable) -> ContiguousArray<UInt8> {
    RecordEncoder.bytes(of: value)
  }

  /// The value of a stored form; nil for bytes that are none.
  public static func value<Value: Decodable>(
    _ type: Value.Type, of bytes: ArraySlice<UInt8>
  ) -> Value? {
    try? RecordDecoder.value(type, of: bytes)
  }
}

extension ModuleResult {
  /// What tells the result from every other.
  public var digest: Digest {
    let record = functions.map { function in
      FunctionRecord(
        function: function.function, observations: function.observations,
        isComplete: function.isComplete, steps: function.steps, undecided: function.undecided,
        unknowns: function.unknowns)
    }
    return Digest(of: RecordEncoder.bytes(of: record))
  }
}
