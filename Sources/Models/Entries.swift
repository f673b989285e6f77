// SPDX-License-Identifier: Apache-2.0

// What the kernel promises of the arguments of functions in its tables, in the vocabulary of docs/models.md.
// From Documentation/filesystems/{vfs,sysfs,proc,seq_file,configfs}.rst, Documentation/driver-api, and what
// fs/read_write.c, fs/sysfs/file.c and fs/kernfs/file.c do before they call: a read or write is of at most
// MAX_RW_COUNT bytes, a write to an attribute of 1 to PAGE_SIZE.

public import Analysis

let entries = """
  file_operations.read proc_ops.proc_read: present 0; user 1; chosen 2 0..2147479552; position 3 nonseekable_open stream_open
  file_operations.write proc_ops.proc_write: present 0; user 1; chosen 2 0..2147479552; position 3 nonseekable_open stream_open
  file_operations.unlocked_ioctl file_operations.compat_ioctl: present 0; chosen 1; user 2; chosen 2
  proc_ops.proc_ioctl proc_ops.proc_compat_ioctl: present 0; chosen 1; user 2; chosen 2
  file_operations.open proc_ops.proc_open file_operations.release proc_ops.proc_release: present 0; present 1
  file_operations.poll proc_ops.proc_poll: present 0
  file_operations.mmap proc_ops.proc_mmap: present 0; present 1; member 1 vm_pgoff 0..4503599627370495
  file_operations.llseek proc_ops.proc_lseek: present 0; chosen 1; chosen 2
  block_device_operations.ioctl block_device_operations.compat_ioctl: present 0; chosen 2; user 3; chosen 3
  tty_operations.ioctl: present 0; chosen 1; user 2; chosen 2
  net_device_ops.ndo_siocdevprivate: present 0; present 1; user 2; chosen 3
  net_device_ops.ndo_do_ioctl net_device_ops.ndo_eth_ioctl: present 0; present 1; outside 1; chosen 2
  net_device_ops.ndo_start_xmit: present 0; present 1
  device_attribute.show kobj_attribute.show class_attribute.show sysfs_ops.show: present 0; present 1; present 2; page 2
  driver_attribute.show bus_attribute.show configfs_attribute.show: present 0; present 1; page 1
  device_attribute.store kobj_attribute.store class_attribute.store sysfs_ops.store: present 0; present 1; present 2; chosen 3 1..4096; room 2 #3+1; outside 2; text 2
  driver_attribute.store bus_attribute.store: present 0; present 1; chosen 2 1..4096; room 1 #2+1; outside 1; text 1
  configfs_attribute.store: present 0; present 1; chosen 2 1..4095; outside 1; text 1
  bin_attribute.read: present 0; present 1; present 2; present 3; chosen 5 1..4096; page 3
  bin_attribute.write: present 0; present 1; present 2; present 3; chosen 5 1..4096; page 3; outside 3
  seq_operations.start seq_operations.next: present 0
  seq_operations.stop: present 0
  seq_operations.show: present 0; present 1
  usb_driver.probe: present 0; present 1
  usb_driver.disconnect: present 0
  pci_driver.probe: present 0; present 1
  platform_driver.probe: present 0
  spi_driver.probe: present 0
  i2c_driver.probe: present 0
  genl_ops.doit genl_small_ops.doit: present 0; present 1; attributes 1 attrs lax validate 1 unless pre_doit; payload 1 userhdr
  genl_ops.dumpit genl_small_ops.dumpit: present 0; present 1
  rtnl_link_ops.newlink: present 1; attributes 3 unless validate
  rtnl_link_ops.changelink: present 0; attributes 2 unless validate
  rtnl_link_ops.validate: attributes 1
  nfnl_callback.call: present 0; present 1; attributes 2
  nft_expr_ops.init: present 0; present 1; attributes 2
  nft_obj_ops.init: present 0; attributes 1
  usb_fill_int_urb#5 usb_fill_bulk_urb#5 usb_fill_control_urb#5: present 0; payload 0 transfer_buffer
  """

extension ModelTable {
  /// The built-in contracts of callback tables.
  static let kernelEntries: [String: [EntryClause]] = (try? parseEntries(entries)) ?? [:]
}

/// Reads lines of contracts.
///
/// The error names the line. A test asserts that the built-in table has none.
public func parseEntries(_ text: String) throws(ModelError) -> [String: [EntryClause]] {
  var result: [String: [EntryClause]] = [:]
  for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    let line = line.drop { $0 == " " }
    if line.isEmpty { continue }
    guard let colon = line.firstIndex(of: ":") else {
      throw ModelError(message: "line \(index + 1): a contract is 'table.member: clause; …'")
    }
    var clauses: [EntryClause] = []
    for clause in line[line.index(after: colon)...].split(separator: ";") {
      guard let read = parseEntryClause(clause.split(separator: " ").map(String.init)) else {
        throw ModelError(message: "line \(index + 1): '\(clause)' is not a clause of contracts")
      }
      clauses.append(read)
    }
    for name in line[..<colon].split(separator: " ") { result[String(name)] = clauses }
  }
  return result
}

private func parseEntryClause(_ words: [String]) -> EntryClause? {
  guard words.count >= 2, let index = Int(words[1]) else { return nil }
  switch (words[0], words.count) {
  case ("present", 2): return .present(index)
  case ("user", 2): return .user(index)
  case ("chosen", 2): return .chosen(index, low: .min, high: .max)
  case ("chosen", 3): return parseBounds(words[2]).map { .chosen(index, low: $0, high: $1) }
  case ("range", 3): return parseBounds(words[2]).map { .range(index, low: $0, high: $1) }
  case ("member", 4):
    return parseBounds(words[3]).map { .chosenMember(index, words[2], low: $0, high: $1) }
  case ("position", _): return .position(index, unless: Array(words.dropFirst(2)))
  case ("room", 3): return parseEntrySize(words[2]).map { .room(index, $0) }
  case ("page", 2): return .page(index)
  case ("outside", 2): return .outside(index)
  case ("payload", 3): return .outsideMember(index, words[2])
  case ("text", 2): return .text(index)
  case ("attributes", _): return parseAttributes(index, words.dropFirst(2))
  default: return nil
  }
}

/// `MEMBER lax MEMBER BIT unless MEMBER…`, each part of which may be left out.
private func parseAttributes(_ index: Int, _ words: ArraySlice<String>) -> EntryClause? {
  var words = words
  var member: String?
  var lax: LaxMember?
  var others: [String] = []
  if let first = words.first, first != "lax", first != "unless" {
    member = first
    words = words.dropFirst()
  }
  if words.first == "lax" {
    let parts = Array(words.prefix(3))
    guard parts.count == 3, let bit = Int64(parts[2]) else { return nil }
    lax = LaxMember(name: parts[1], bit: bit)
    words = words.dropFirst(3)
  }
  if words.first == "unless" {
    others = Array(words.dropFirst())
    words = []
  }
  return words.isEmpty ? .attributes(index, member: member, lax: lax, unless: others) : nil
}

private func parseBounds(_ word: String) -> (Int64, Int64)? {
  guard let dots = word.firstRange(of: ".."), let low = Int64(word[..<dots.lowerBound]),
    let high = Int64(word[dots.upperBound...]), low <= high
  else { return nil }
  return (low, high)
}

/// `#2+1`, `#2` or a number.
private func parseEntrySize(_ word: String) -> EntrySize? {
  guard word.hasPrefix("#") else { return Int64(word).map { .constant($0) } }
  let parts = word.dropFirst().split(separator: "+")
  guard let first = parts.first, let parameter = Int(first) else { return nil }
  if parts.count == 1 { return .parameter(parameter, plus: 0) }
  return parts.count == 2 ? Int64(parts[1]).map { .parameter(parameter, plus: $0) } : nil
}
