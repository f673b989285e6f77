// SPDX-License-Identifier: Apache-2.0

import Findings

/// The name in `names` that `text` was probably meant to be; nil where none is near.
public func nearestName(to text: String, in names: some Sequence<String>) -> String? {
  let limit = max(1, min(4, text.utf8.count / 2))
  return names.map { (name: $0, distance: editDistance($0, text)) }
    .filter { $0.distance <= limit }
    .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
}
