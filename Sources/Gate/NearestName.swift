// SPDX-License-Identifier: Apache-2.0

/// The name in `names` that `text` was probably meant to be; nil where none is near.
public func nearestName(to text: String, in names: some Sequence<String>) -> String? {
  let limit = max(1, min(4, text.utf8.count / 2))
  return names.map { (name: $0, distance: editDistance($0, text)) }
    .filter { $0.distance <= limit }
    .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
}

/// The Levenshtein distance of two names in bytes.
private func editDistance(_ left: String, _ right: String) -> Int {
  let right = Array(right.utf8)
  var row = Array(0...right.count)
  for (index, byte) in left.utf8.enumerated() {
    var diagonal = row[0]
    row[0] = index + 1
    for column in right.indices {
      let substitution = diagonal + (right[column] == byte ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(substitution, row[column] + 1, diagonal + 1)
    }
  }
  return row[right.count]
}
