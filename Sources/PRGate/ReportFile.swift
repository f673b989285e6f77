// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation

/// A report that was written earlier, in our JSON or as SARIF, as far as its file tells.
struct ReportFile: Sendable {
  /// Bytes that a report may have.
  private static let sizeLimit = 256 << 20

  /// The findings of the commit that it is about, without those that are suppressed or gone.
  var findings: [ReportedFinding]
  /// Findings that a comment or the baseline takes away.
  var suppressed: [SuppressedFinding] = []
  /// What was analysed; empty where the form does not say.
  var ledger: [LedgerEntry] = []
  /// The command that wrote it.
  var command = ""
  /// The commit that it is about; "" where there is none.
  var head = ""
  /// The commit that was compared with; "" where there is none.
  var base = ""

  /// Reads the report at a path.
  ///
  /// - Throws: a usage failure that names what is wrong with it.
  init(at path: String) throws(CommandFailure) {
    guard Paths.isFile(path) else {
      throw .usage("\(path): no such file; write one with '-o json=\(path)'")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .usage("\(path): cannot be read; check its permissions")
    }
    guard data.count <= Self.sizeLimit else {
      throw .usage("\(path): larger than \(Self.sizeLimit >> 20) MiB; it is no report of ours")
    }
    do {
      let kind = try JSONDecoder().decode(Kind.self, from: data)
      if kind.format == StoredReport.format {
        self = try ReportFile(JSONDecoder().decode(StoredReport.self, from: data))
      } else if kind.runs != nil {
        self = try ReportFile(JSONDecoder().decode(StoredSARIF.self, from: data))
      } else {
        throw CommandFailure.usage(
          "\(path): neither a JSON report of prgate nor SARIF; write one with '-o json=FILE'")
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw .usage("\(path): not a whole report (\(Self.reason(of: error))); write it anew")
    }
  }

  private struct Kind: Decodable {
    var format: String?
    var runs: [Empty]?
    struct Empty: Decodable {}
  }

  private static func reason(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "unreadable" }
    switch error {
    case .keyNotFound(let key, let context):
      return "no \"\(key.stringValue)\"" + place(context)
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "a value of the wrong type" + place(context)
    case .dataCorrupted: return "not valid JSON"
    @unknown default: return "unreadable"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return path.isEmpty ? "" : " in " + path.joined(separator: ".")
  }
}

extension ReportFile {
  private init(_ report: StoredReport) {
    findings =
      (report.new.map { $0.reported(.new) } + report.unchanged.map { $0.reported(.unchanged) }
      + (report.uncompared ?? []).map { $0.reported(.uncompared) })
      .sorted { Finding.isOrderedBefore($0.finding, $1.finding) }
    suppressed = (report.suppressed ?? []).compactMap { entry in
      entry.suppression.map {
        SuppressedFinding(finding: entry.reported(.unchanged), suppression: $0.suppression)
      }
    }
    ledger = report.ledger.units.map(\.entry)
    command = report.command
    head = report.head
    base = report.base
  }

  private init(_ log: StoredSARIF) {
    let results = log.runs.flatMap(\.results)
    findings = results.filter { $0.isPresent }.map(\.reported)
      .sorted { Finding.isOrderedBefore($0.finding, $1.finding) }
    ledger = log.runs.flatMap { $0.invocations ?? [] }
      .flatMap { $0.toolExecutionNotifications ?? [] }
      .filter { $0.descriptor?.id == "not-analysed" }
      .map { LedgerEntry(path: $0.path, coverage: .incomplete(reason: $0.message.text)) }
  }
}

/// Our JSON report; `docs/formats/report.schema.json` describes it.
private struct StoredReport: Decodable {
  static let format = "prgate-report/1"

  struct Ledger: Decodable {
    var units: [Unit]
  }

  struct Unit: Decodable {
    var path: String
    var analysed: Bool
    var reason: String?

    var entry: LedgerEntry {
      LedgerEntry(
        path: path,
        coverage: analysed ? .analysed : .incomplete(reason: reason ?? "no reason is given"))
    }
  }

  var command: String
  var head: String
  var base: String
  var new: [StoredFinding]
  var unchanged: [StoredFinding]
  var uncompared: [StoredFinding]?
  var suppressed: [StoredFinding]?
  var ledger: Ledger
}

private struct StoredFinding: Decodable {
  struct Step: Decodable {
    var message: String
    var location: StoredLocation
  }

  struct Value: Decodable {
    var name: String
    var value: String
  }

  var rule: String
  var tier: String
  var severity: String
  var blocking: Bool
  var message: String
  var location: StoredLocation
  var function: String
  var events: [Step]
  var witness: [Value]
  var hint: String
  var fingerprint: String
  var movedFingerprint: String
  var suppression: StoredSuppression?
  var configurations: [String]?

  func reported(_ novelty: Novelty) -> ReportedFinding {
    var finding = Finding(
      rule: rule, tier: Tier(rawValue: tier) ?? .c,
      severity: Severity(rawValue: severity) ?? .note,
      message: message, location: location.location, function: function, functionUSR: "",
      statementHash: 0,
      events: events.map { Event(location: $0.location.location, message: $0.message) },
      witness: witness.map { Assignment(name: $0.name, value: $0.value) }, hint: hint)
    finding.configurations = configurations ?? []
    return ReportedFinding(
      finding: finding, fingerprint: fingerprint, movedFingerprint: movedFingerprint,
      novelty: novelty,
      isBlocking: blocking, lineHash: "")
  }
}

private struct StoredSuppression: Decodable {
  var kind: String
  var rule: String
  var path: String
  var line: Int
  var reason: String
  var until: String
  var added: Bool

  var suppression: Suppression {
    let place = Position(line: line, column: 1)
    return Suppression(
      kind: Suppression.Kind(rawValue: kind) ?? .inSource, rule: rule,
      location: Location(path: path, start: place, end: place, point: place, sourceLine: ""),
      reason: reason, until: until, isAdded: added)
  }
}

private struct StoredLocation: Decodable {
  var path: String
  var line: Int
  var column: Int
  var endLine: Int
  var endColumn: Int
  var pointLine: Int
  var pointColumn: Int
  var sourceLine: String

  var location: Location {
    Location(
      path: path, start: Position(line: line, column: column),
      end: Position(line: endLine, column: endColumn),
      point: Position(line: pointLine, column: pointColumn), sourceLine: sourceLine)
  }
}

/// What we need of a SARIF 2.1.0 log of ours.
private struct StoredSARIF: Decodable {
  struct Run: Decodable {
    var results: [Result]
    var invocations: [Invocation]?
  }

  struct Text: Decodable {
    var text: String
  }

  struct Invocation: Decodable {
    var toolExecutionNotifications: [Notification]?
  }

  struct Notification: Decodable {
    struct Descriptor: Decodable {
      var id: String?
    }
    var descriptor: Descriptor?
    var message: Text
    var locations: [Place]?

    var path: String { locations?.first?.path ?? "" }
  }

  struct Place: Decodable {
    struct Physical: Decodable {
      struct Artifact: Decodable {
        var uri: String?
      }
      struct Region: Decodable {
        var startLine: Int?
        var startColumn: Int?
        var endColumn: Int?
      }
      var artifactLocation: Artifact?
      var region: Region?
    }
    var physicalLocation: Physical?

    var path: String {
      let uri = physicalLocation?.artifactLocation?.uri ?? ""
      let path = uri.hasPrefix("file://") ? String(uri.dropFirst("file://".count)) : uri
      return path.removingPercentEncoding ?? path
    }

    var location: Location {
      let region = physicalLocation?.region
      let line = region?.startLine ?? 1
      let start = Position(line: line, column: region?.startColumn ?? 1)
      return Location(
        path: path, start: start,
        end: Position(line: line, column: region?.endColumn ?? start.column + 1), point: start,
        sourceLine: "")
    }
  }

  struct Result: Decodable {
    struct Properties: Decodable {
      var tier: String?
      var blocking: Bool?
    }
    struct Presence: Decodable {}
    var ruleId: String
    var level: String?
    var message: Text
    var locations: [Place]?
    var partialFingerprints: [String: String]?
    var baselineState: String?
    var suppressions: [Presence]?
    var properties: Properties?

    var isPresent: Bool { baselineState != "absent" && (suppressions ?? []).isEmpty }

    var reported: ReportedFinding {
      let place = Position(line: 1, column: 1)
      let location =
        locations?.first?.location
        ?? Location(path: "", start: place, end: place, point: place, sourceLine: "")
      let prints = partialFingerprints ?? [:]
      return ReportedFinding(
        finding: Finding(
          rule: ruleId, tier: Tier(rawValue: properties?.tier ?? "") ?? .b,
          severity: Severity(rawValue: level ?? "") ?? .warning, message: message.text,
          location: location, function: "", functionUSR: "", statementHash: 0),
        fingerprint: prints["prgate/v1"] ?? "", movedFingerprint: prints["prgate/moved/v1"] ?? "",
        novelty: baselineState == "unchanged" ? .unchanged : .new,
        isBlocking: properties?.blocking ?? false, lineHash: "")
    }
  }

  var runs: [Run]
}
