// SPDX-License-Identifier: Apache-2.0

import Findings

/// A source line as it is shown, with the line of marks that goes under it.
struct SourceSnippet {
  /// The line, tabs expanded, invisible characters spelled out.
  var text: String
  /// Spaces, tildes under the range and a caret under the point.
  var marks: String
}

/// Cells between tab stops, as clang and terminals have them.
private let tabStop = 8

/// Cells of a source line that are shown; of a longer one, those around the point.
private let widestLine = 160

/// A scalar of a source line as it is shown.
private struct Cell {
  /// The text of the scalar.
  var text: String
  /// Cells that the text takes.
  var width: Int
  /// The bytes of the scalar in the line, from 0.
  var bytes: Range<Int>
}

extension SourceSnippet {
  /// Shows a location; nil where its source line is not known.
  init?(_ location: Location) {
    guard location.sourceLine.utf8.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
    let cells = SourceSnippet.cells(of: location.sourceLine)
    // Range and point in bytes from 0; both lie on the line of `start`, and hold one byte at least.
    let first = location.start.column - 1
    let point =
      location.point.line == location.start.line ? max(location.point.column - 1, 0) : first
    let length = cells.last?.bytes.upperBound ?? 0
    let last = location.end.line == location.start.line ? location.end.column - 1 : length
    let window = SourceSnippet.window(of: cells, around: point)
    text = ""
    marks = ""
    for cell in cells[window] {
      text += cell.text
      let isInRange = (first..<max(last, first)).overlaps(cell.bytes)
      let mark = cell.bytes.contains(point) ? "^" : isInRange ? "~" : " "
      guard cell.width > 0 else { continue }
      // A caret marks the first cell of a wide scalar only.
      marks += mark + String(repeating: mark == "^" ? "~" : mark, count: cell.width - 1)
    }
    if point >= length { marks += "^" }
    if window.lowerBound > 0 {
      text = "..." + text
      marks = "   " + marks
    }
    if window.upperBound < cells.count { text += "..." }
    while text.last == " " { text.removeLast() }
    while marks.last == " " { marks.removeLast() }
  }

  private static func cells(of line: String) -> [Cell] {
    var cells: [Cell] = []
    var byte = 0
    var column = 0
    for scalar in line.unicodeScalars {
      let shown: String
      let width: Int
      if scalar == "\t" {
        width = tabStop - column % tabStop
        shown = String(repeating: " ", count: width)
      } else if scalar == "\r" && byte == line.utf8.count - 1 {
        break
      } else if isInvisible(scalar) {
        shown = visibleName(of: scalar)
        width = shown.utf8.count
      } else {
        shown = String(scalar)
        width = cellWidth(of: scalar)
      }
      let end = byte + scalar.utf8.count
      cells.append(Cell(text: shown, width: width, bytes: byte..<end))
      byte = end
      column += width
    }
    return cells
  }

  /// The cells that are shown: all of a line of usual length, else those around the point.
  private static func window(of cells: [Cell], around point: Int) -> Range<Int> {
    guard cells.reduce(0, { $0 + $1.width }) > widestLine else { return 0..<cells.count }
    let center = cells.firstIndex { $0.bytes.upperBound > point } ?? cells.count
    let lower = max(0, center - widestLine / 2)
    return lower..<min(cells.count, lower + widestLine)
  }
}

/// Terminal cells of a visible scalar: 0, 1 or 2 (Unicode Standard Annex 11, in large strokes).
private func cellWidth(of scalar: Unicode.Scalar) -> Int {
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark: return 0
  default: break
  }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
    0x20000...0x3FFFD:
    return 2
  default: return 1
  }
}
