// SPDX-License-Identifier: Apache-2.0

// The C library in the terms of `ModelEffect`, one function a line:
//
//     name: effect arguments; …; ret result
//
// Arguments are numbered from 0; `#2` is the value of argument 2 and `#1*#2` a product. Sources: C11
// 7.21-7.24, POSIX.1-2017, and the Linux man pages of the GNU functions.

public import Analysis

private let library = """
  memcpy: write 0 #2; read 1 #2; copy 0 1 #2; ret 0
  memmove: write 0 #2; read 1 #2; copy 0 1 #2; ret 0
  mempcpy: write 0 #2; read 1 #2; copy 0 1 #2
  bcopy: write 1 #2; read 0 #2; copy 1 0 #2
  memset: write 0 #2; fill 0 1 #2; ret 0
  bzero: write 0 #1; zero 0 #1
  explicit_bzero: write 0 #1; zero 0 #1
  memcmp: read 0 #2; read 1 #2
  memchr: ret within 0
  strlen: string 0; ret length 0
  strnlen: ret shorter 0 #1
  strcpy: string 1; unsafe 0; strcpy 0 1; ret 0
  stpcpy: string 1; unsafe 0; strcpy 0 1; ret within 0
  strcat: string 0; string 1; unsafe 0; strcat 0 1; ret 0
  strncpy: write 0 #2; strncpy 0 1 #2; ret 0
  stpncpy: write 0 #2; strncpy 0 1 #2; ret within 0
  strncat: string 0; strncat 0 1 #2; ret 0
  strlcpy: string 1; terminate 0 #2
  strlcat: string 1; terminate 0 #2
  strcmp: string 0; string 1
  strcoll: string 0; string 1
  strcasecmp: string 0; string 1
  strncmp: pure
  strncasecmp: pure
  strchr: string 0; ret within 0
  strchrnul: string 0; ret within 0
  strrchr: string 0; ret within 0
  index: string 0; ret within 0
  rindex: string 0; ret within 0
  strstr: string 0; string 1; ret within 0
  strcasestr: string 0; string 1; ret within 0
  strpbrk: string 0; string 1; ret within 0
  strspn: string 0; string 1
  strcspn: string 0; string 1
  strdup: string 0; ret duplicate 0
  strndup: pure
  strerror: pure
  atoi: string 0
  atol: string 0
  atoll: string 0
  atof: string 0
  strtol: string 0; clobber 1
  strtoul: string 0; clobber 1
  strtoll: string 0; clobber 1
  strtoull: string 0; clobber 1
  strtod: string 0; clobber 1
  puts: string 0
  fputs: string 0
  perror: string 0
  printf: print 0 1
  fprintf: print 1 2
  dprintf: print 1 2
  syslog: print 1 2
  vprintf: print 0 -1
  vfprintf: print 1 -1
  sprintf: printinto 0 1 2
  vsprintf: printinto 0 1 -1
  snprintf: print 2 3; terminate 0 #1
  vsnprintf: print 2 -1; terminate 0 #1
  gets: unbounded 0; clobber 0; ret 0
  fgets: write 0 #1; terminate 0 #1
  scanf: scan 0 1
  fscanf: scan 1 2
  sscanf: string 0; scan 1 2
  getenv: string 0
  read: write 1 #2; external 1 #2; ret upto #2 or fail
  pread: write 1 #2; external 1 #2; ret upto #2 or fail
  recv: write 1 #2; external 1 #2; ret upto #2 or fail
  recvfrom: write 1 #2; external 1 #2; clobber 4; clobber 5; ret upto #2 or fail
  readlink: string 0; write 1 #2; external 1 #2; ret upto #2 or fail
  fread: write 0 #1*#2; external 0 #1*#2; ret upto #2
  write: read 1 #2; ret upto #2 or fail
  pwrite: read 1 #2; ret upto #2 or fail
  send: read 1 #2; ret upto #2 or fail
  sendto: read 1 #2; ret upto #2 or fail
  fwrite: read 0 #1*#2; ret upto #2
  malloc: ret memory #0
  alloca: ret memory #0
  calloc: ret zeroed #0*#1
  free: release 0
  cfree: release 0
  abort: pure
  exit: pure
  _exit: pure
  open: string 0
  creat: string 0
  fopen: string 0; string 1
  unlink: string 0
  remove: string 0
  rename: string 0; string 1
  mkdir: string 0
  rmdir: string 0
  chmod: string 0
  chdir: string 0
  access: string 0
  close: pure
  fclose: pure
  fflush: pure
  fileno: pure
  feof: pure
  ferror: pure
  fgetc: pure
  getc: pure
  getchar: pure
  fputc: pure
  putc: pure
  putchar: pure
  ungetc: pure
  lseek: pure
  socket: pure
  listen: pure
  setsockopt: read 3 #4
  bind: pure
  connect: pure
  abs: pure
  labs: pure
  rand: pure
  srand: pure
  random: pure
  srandom: pure
  getpid: pure
  getppid: pure
  getuid: pure
  geteuid: pure
  time: clobber 0
  sleep: pure
  usleep: pure
  isalnum: pure
  isalpha: pure
  isblank: pure
  iscntrl: pure
  isdigit: pure
  isgraph: pure
  islower: pure
  isprint: pure
  ispunct: pure
  isspace: pure
  isupper: pure
  isxdigit: pure
  tolower: pure
  toupper: pure
  htons: pure
  htonl: pure
  ntohs: pure
  ntohl: pure
  bswap_16: pure
  bswap_32: pure
  bswap_64: pure
  inet_ntoa: ret text 15
  ether_ntoa: ret text 17
  ctime: ret text 25
  asctime: ret text 25
  inet_addr: string 0
  inet_aton: string 0; clobber 1
  if_nametoindex: string 0
  __errno_location: pure
  __ctype_b_loc: pure
  __ctype_tolower_loc: pure
  __ctype_toupper_loc: pure
  __assert_fail: pure
  """

extension ModelTable {
  /// The models of the C library and POSIX that the program carries.
  public static let standard = ModelTable(parseModels(library))
}

/// Parses the line format of the table above; a line that does not follow it is left out.
///
/// A test asserts that every line of the table yields a model.
public func parseModels(_ text: String) -> [FunctionModel] {
  text.split(separator: "\n").compactMap { parseModel($0) }
}

private func parseModel(_ line: Substring) -> FunctionModel? {
  guard let colon = line.firstIndex(of: ":") else { return nil }
  let name = line[..<colon].drop { $0 == " " }
  var effects: [ModelEffect] = []
  var result = ModelResult.unknown
  for clause in line[line.index(after: colon)...].split(separator: ";") {
    let words = clause.split(separator: " ")
    guard let verb = words.first else { return nil }
    if verb == "pure" { continue }
    if verb == "ret" {
      guard let parsed = parseResult(words.dropFirst()) else { return nil }
      result = parsed
    } else {
      guard let effect = parseEffect(verb, Array(words.dropFirst())) else { return nil }
      effects.append(effect)
    }
  }
  return FunctionModel(name: String(name), effects: effects, result: result)
}

private func parseResult(_ words: ArraySlice<Substring>) -> ModelResult? {
  let words = Array(words)
  guard let verb = words.first else { return nil }
  if words.count == 1 { return Int(verb).map { .argument($0) } }
  switch verb {
  case "within": return Int(words[1]).map { .within($0) }
  case "length": return Int(words[1]).map { .length($0) }
  case "text": return Int(words[1]).map { .text($0) }
  case "duplicate": return Int(words[1]).map { .duplicate($0) }
  case "shorter":
    guard words.count == 3, let index = Int(words[1]) else { return nil }
    return parseSize(words[2]).map { .lengthUpTo(index, $0) }
  case "upto": return parseSize(words[1]).map { .upTo($0, canFail: words.count > 2) }
  case "memory": return parseSize(words[1]).map { .memory($0, isZeroed: false) }
  case "zeroed": return parseSize(words[1]).map { .memory($0, isZeroed: true) }
  default: return nil
  }
}

private func parseEffect(_ verb: Substring, _ words: [Substring]) -> ModelEffect? {
  let numbers = words.compactMap { Int($0) }
  let size = words.last.flatMap { parseSize($0) }
  switch (verb, numbers.count, size) {
  case ("write", 1, let size?): return .write(numbers[0], size)
  case ("read", 1, let size?): return .read(numbers[0], size)
  case ("external", 1, let size?): return .external(numbers[0], size)
  case ("terminate", 1, let size?): return .terminate(numbers[0], size)
  case ("zero", 1, let size?): return .fill(numbers[0], -1, size)
  case ("fill", 2, let size?): return .fill(numbers[0], numbers[1], size)
  case ("copy", 2, let size?): return .copy(numbers[0], numbers[1], size)
  case ("strncpy", 2, let size?): return .copyBounded(numbers[0], numbers[1], size)
  case ("strncat", 2, let size?): return .appendBounded(numbers[0], numbers[1], size)
  case ("string", 1, _): return .string(numbers[0])
  case ("release", 1, _): return .release(numbers[0])
  case ("clobber", 1, _): return .clobber(numbers[0])
  case ("unsafe", 1, _): return .unsafe(.unchecked, numbers[0])
  case ("unbounded", 1, _): return .unsafe(.unbounded, numbers[0])
  case ("strcpy", 2, _): return .copyString(numbers[0], numbers[1])
  case ("strcat", 2, _): return .appendString(numbers[0], numbers[1])
  case ("print", 2, _): return .print(format: numbers[0], first: numbers[1])
  case ("scan", 2, _): return .scan(format: numbers[0], first: numbers[1])
  case ("printinto", 3, _):
    return .printInto(numbers[0], format: numbers[1], first: numbers[2])
  default: return nil
  }
}

private func parseSize(_ word: Substring) -> ModelSize? {
  guard word.first == "#" else { return Int64(word).map { .constant($0) } }
  let factors = word.split(separator: "*").compactMap { Int($0.dropFirst()) }
  switch factors.count {
  case 1: return .argument(factors[0])
  case 2: return .product(factors[0], factors[1])
  default: return nil
  }
}
