// SPDX-License-Identifier: Apache-2.0

import Foundation
import Index
import SystemPackage

/// The files as they lie on the disk.
struct DiskView: FileView {
  /// The directory that relative paths are relative to.
  let root: String
  /// A file that changed after this moment is new.
  let start: Date

  /// A view for a run that begins now.
  init(root: String) {
    self.root = root
    // The clock of file systems goes in steps of up to ten milliseconds.
    start = Date(timeIntervalSinceNow: -0.01)
  }

  func contents(of path: String) -> ContiguousArray<UInt8>? {
    let path = path.hasPrefix("/") ? path : root + "/" + path
    // A pipe would keep us waiting for ever.
    guard let state = try? FilePath(path).stat(), state.type == .regular,
      state.size <= Snapshot.sizeLimit
    else { return nil }
    return FileManager.default.contents(atPath: path).map { ContiguousArray($0) }
  }

  func place(_ path: String) -> Place {
    let path = path.hasPrefix("/") ? path : root + "/" + path
    guard let state = try? FilePath(path).stat(), state.type != .directory else { return .nothing }
    let time = state.rawValue.change
    let change = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    return change < start.timeIntervalSince1970 ? .file : .newFile
  }
}

/// The files as `SnapshotOverlay` shows them to the compiler: those of a commit, build products, and
/// some directories outside.
struct SnapshotView: FileView {
  let snapshot: Snapshot
  let ignored: IgnoredPaths
  /// Directories and files outside that are shown, absolute.
  let visible: [String]
  private let disk: DiskView
  private let commit: DiskView

  init(snapshot: Snapshot, root: String, ignored: IgnoredPaths, visible: [String]) {
    self.snapshot = snapshot
    self.ignored = ignored
    self.visible = SnapshotOverlay.systemDirectories + visible
    disk = DiskView(root: root)
    commit = DiskView(root: snapshot.directory)
  }

  func contents(of path: String) -> ContiguousArray<UInt8>? {
    switch origin(of: path) {
    case .commit(let path): commit.contents(of: path)
    case .disk(let path): disk.contents(of: path)
    case .nowhere: nil
    }
  }

  func place(_ path: String) -> Place {
    switch origin(of: path) {
    // Its files are made by this very run, but they are those of the commit.
    case .commit(let path): commit.place(path) == .nothing ? .nothing : .file
    case .disk(let path): disk.place(path)
    case .nowhere: .nothing
    }
  }

  private enum Origin {
    case commit(String)
    case disk(String)
    case nowhere
  }

  private func origin(of path: String) -> Origin {
    // The virtual file system resolves `..` by name.
    let path = FilePath(path).lexicallyNormalized().string
    if path.hasPrefix("/") {
      let isShown = visible.contains { path == $0 || path.hasPrefix($0 + "/") }
      return isShown ? .disk(path) : .nowhere
    }
    if path.hasPrefix("..") { return .nowhere }
    let isProduct =
      !snapshot.files.contains(path) && ignored.contains(path)
      && !SnapshotOverlay.isObject(path)
    return isProduct ? .disk(path) : .commit(path)
  }
}
