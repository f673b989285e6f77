// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Findings
import Foundation
public import Reporting

extension Format: ExpressibleByArgument {}

/// How a report is given.
struct OutputOptions: ParsableArguments {
  /// When text carries colours.
  enum Colour: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  /// A report in a file: `FORMAT=FILE`, or `FORMAT:FILE`, as other tools have it.
  struct File: ExpressibleByArgument {
    var format: Format
    var path: String

    init?(argument: String) {
      let parts = argument.split(maxSplits: 1) { $0 == "=" || $0 == ":" }
      guard parts.count == 2, let format = Format(rawValue: String(parts[0])) else { return nil }
      self.format = format
      path = String(parts[1])
    }
  }

  @Option(name: .shortAndLong, help: "The form of the report on standard output.")
  var format = Format.text

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("Write a report to a file as well; repeatable.", valueName: "FORMAT=FILE"))
  var files: [File] = []

  @Option(help: "Colours on standard output.")
  var color = Colour.auto

  @Flag(help: "Show likely findings (tier B) as text too.")
  var all = false

  @Flag(name: .shortAndLong, help: "List what was done, such as dropped compiler flags.")
  var verbose = false

  @Flag(
    name: .shortAndLong, help: "Print nothing that is not a report, and no text without findings.")
  var quiet = false

  mutating func validate() throws {
    if verbose, quiet { throw ValidationError("-v and -q exclude each other") }
  }

  /// Writes the report wherever it was asked for, files first; `prgate why` can be asked about it then,
  /// unless the run may keep nothing.
  func write(
    _ report: Report, access: CacheAccess = .readAndWrite
  ) throws(CommandFailure) {
    if access != .readOnly { KeptReport.keep(report, root: WorkingPlace.current.root) }
    if format == .github { GitHubStep.publish(report) }
    let plain = RenderOptions(showAll: all)
    for file in files {
      try OutputFile.write(render(report, as: file.format, options: plain), to: file.path)
    }
    let isSilent = quiet && format == .text && report.verdict == .pass
    guard !isSilent else { return }
    let options = RenderOptions(colour: usesColour, showAll: all)
    try StandardStreams.write(render(report, as: format, options: options))
  }

  private var usesColour: Bool {
    switch color {
    case .always: return true
    case .never: return false
    case .auto:
      let environment = ProcessInfo.processInfo.environment
      return environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        && StandardStreams.isOutputTerminal
    }
  }

  /// Shows on a terminal how many of `count` units are done.
  func progress(of count: Int) -> @Sendable (Int) -> Void {
    guard !quiet, count > 1, StandardStreams.isErrorTerminal else { return { _ in } }
    return { done in
      StandardStreams.showProgress(done < count ? "prgate: \(done)/\(count) units" : nil)
    }
  }
}
