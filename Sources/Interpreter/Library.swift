// SPDX-License-Identifier: Apache-2.0

import IR

/// A function of the C library that the interpreter carries out itself.
enum LibraryFunction: String {
  // Output and input
  case printf, fprintf, sprintf, snprintf, vprintf, vfprintf, vsprintf, vsnprintf, dprintf
  case puts, putchar, putc, fputc, fputs, fwrite, fflush, perror
  case getchar, getc, fgetc, fgets, fread, ungetc, feof, ferror, clearerr
  case fopen, fopen64, fdopen, fclose, fileno, setvbuf, setbuf
  case fseek, fseeko, fseeko64, ftell, ftello, ftello64, rewind
  case sscanf, fscanf
  // Files
  case open, open64, creat, close, read, write, lseek, lseek64, fsync
  case unlink, remove, rename, access, isatty, chmod, chown, fchmod, fchown, utime
  case stat, stat64, lstat, lstat64, fstat, fstat64
  // Memory
  case malloc, calloc, realloc, free, alloca, reallocarray
  case memcpy, memmove, mempcpy, memset, memcmp, memchr, memrchr, bzero, bcmp, bcopy
  // Strings
  case strlen, strnlen, strcpy, stpcpy, strncpy, strcat, strncat, strcmp, strncmp
  case strcasecmp, strncasecmp, strchr, strrchr, strchrnul, strstr, strpbrk, strspn, strcspn
  case strdup, strndup, strtok, strsep, strcoll, wcslen
  case strtol, strtoul, strtoll, strtoull, atoi, atol, atoll, strtod, atof
  // Characters
  case isalnum, isalpha, isblank, iscntrl, isdigit, isgraph, islower, isprint, ispunct, isspace
  case isupper, isxdigit, tolower, toupper
  case characterClasses = "__ctype_b_loc"
  case lowerCaseTable = "__ctype_tolower_loc"
  case upperCaseTable = "__ctype_toupper_loc"
  // The program
  case exit, abort, getenv, setlocale, signal, strerror, time
  case quickExit = "_exit"
  case exitNow = "_Exit"
  case assertFail = "__assert_fail"
  case errnoLocation = "__errno_location"
  // Algorithms and arithmetic
  case qsort, bsearch, abs, labs, llabs
  case fabs, fabsf, fabsl, sqrt, sqrtf, floor, ceil, trunc, round, fmod, fmax, fmin
  case copysign, copysignf, inf, inff, nan, nanf
  case hugeValue = "huge_val"
  case hugeValueFloat = "huge_valf"
  case isnan, isinf, isfinite, isnormal, signbit, signbitf, lround
  case infinitySign = "isinf_sign"
  case clz, clzl, clzll, ctz, ctzl, ctzll, popcount, popcountl, popcountll, parity, ffs, ffsl, ffsll
  case clrsb, clrsbl, clrsbll
  case bswap16, bswap32, bswap64, htons, htonl, ntohs, ntohl
  case expect, unreachable, trap, prefetch
  case addOverflow = "add_overflow"
  case subtractOverflow = "sub_overflow"
  case multiplyOverflow = "mul_overflow"
  case assumeAligned = "assume_aligned"
  case constantP = "constant_p"
  case objectSize = "object_size"

  /// Finds a function by the name under which programs call it.
  init?(name: String) {
    for prefix in ["__builtin_", "__isoc99_", "__isoc23_"] where name.hasPrefix(prefix) {
      let rest = String(name.dropFirst(prefix.count))
      self.init(rawValue: overflowChecks[rest] ?? rest)
      return
    }
    self.init(rawValue: name)
  }
}

/// The builtins that check arithmetic of one type: the operands' types tell which.
private let overflowChecks: [String: String] = {
  var names: [String: String] = [:]
  for operation in ["add", "sub", "mul"] {
    for size in ["", "l", "ll"] {
      names["s\(operation)\(size)_overflow"] = "\(operation)_overflow"
      names["u\(operation)\(size)_overflow"] = "\(operation)_overflow"
    }
  }
  return names
}()

/// What the C library keeps between calls.
struct LibraryState {
  var errno: Address = 0
  var characterClasses: Address = 0
  var lowerCase: Address = 0
  var upperCase: Address = 0
  var strtokNext: Address = 0
  var errorText: Address = 0
}

extension Machine {
  /// Carries out a call of a function that has no body.
  mutating func callLibrary(
    _ function: Int, _ arguments: ContiguousArray<Argument>, result: TypeID
  ) throws(Stop) -> UInt64 {
    guard let library = library[function] else {
      throw Stop.trap(
        "calls '\(name(ofFunction: function))', which is not defined here nor modelled")
    }
    let call = LibraryCall(
      function: library, name: name(ofFunction: function), arguments: arguments, result: result)
    switch library {
    case .printf, .fprintf, .sprintf, .snprintf, .vprintf, .vfprintf, .vsprintf, .vsnprintf,
      .dprintf, .puts, .putchar, .putc, .fputc, .fputs, .fwrite, .fflush, .perror, .getchar, .getc,
      .fgetc, .fgets, .fread, .ungetc, .feof, .ferror, .clearerr, .fopen, .fopen64, .fdopen,
      .fclose, .fileno, .setvbuf, .setbuf, .fseek, .fseeko, .fseeko64, .ftell, .ftello, .ftello64,
      .rewind, .sscanf, .fscanf, .open, .open64, .creat, .close, .read, .write, .lseek, .lseek64,
      .fsync, .unlink, .remove, .rename, .access, .isatty, .chmod, .chown, .fchmod, .fchown, .utime,
      .stat, .stat64, .lstat, .lstat64, .fstat, .fstat64:
      return try callFiles(call)
    case .malloc, .calloc, .realloc, .free, .alloca, .reallocarray:
      return try callAllocation(call)
    case .memcpy, .memmove, .mempcpy, .memset, .memcmp, .memchr, .memrchr, .bzero, .bcmp, .bcopy:
      return try callMemory(call)
    case .strlen, .strnlen, .strcpy, .stpcpy, .strncpy, .strcat, .strncat, .strcmp, .strncmp,
      .strcasecmp, .strncasecmp, .strcoll, .strdup, .strndup, .wcslen:
      return try callString(call)
    case .strchr, .strrchr, .strchrnul, .strstr, .strpbrk, .strspn, .strcspn, .strtok, .strsep:
      return try callStringSearch(call)
    case .strtol, .strtoul, .strtoll, .strtoull, .atoi, .atol, .atoll, .strtod, .atof:
      return try callNumberParsing(call)
    case .isalnum, .isalpha, .isblank, .iscntrl, .isdigit, .isgraph, .islower, .isprint, .ispunct,
      .isspace, .isupper, .isxdigit, .tolower, .toupper, .characterClasses, .lowerCaseTable,
      .upperCaseTable:
      return try callCharacter(call)
    case .exit, .abort, .getenv, .setlocale, .signal, .strerror, .time, .quickExit, .exitNow,
      .assertFail,
      .errnoLocation, .expect, .unreachable, .trap, .prefetch, .assumeAligned, .constantP,
      .objectSize:
      return try callProgram(call)
    case .qsort, .bsearch:
      return try callAlgorithm(call)
    case .fabs, .fabsf, .fabsl, .sqrt, .sqrtf, .floor, .ceil, .trunc, .round, .fmod, .fmax, .fmin,
      .copysign, .copysignf, .inf, .inff, .nan, .nanf, .hugeValue, .hugeValueFloat:
      return try callFloating(call)
    case .isnan, .isinf, .isfinite, .isnormal, .signbit, .signbitf, .infinitySign, .lround:
      return try classifyFloating(call)
    case .abs, .labs, .llabs, .clz, .clzl, .clzll, .ctz, .ctzl, .ctzll, .popcount, .popcountl,
      .popcountll, .parity, .ffs, .ffsl, .ffsll, .clrsb, .clrsbl, .clrsbll, .bswap16,
      .bswap32, .bswap64, .htons, .htonl, .ntohs, .ntohl, .addOverflow, .subtractOverflow,
      .multiplyOverflow:
      return try callInteger(call)
    }
  }
}

/// A call of a library function with its arguments.
struct LibraryCall {
  var function: LibraryFunction
  var name: String
  var arguments: ContiguousArray<Argument>
  var result: TypeID

  /// An argument as a register holds it.
  subscript(index: Int) -> UInt64 {
    get throws(Stop) {
      guard index < arguments.count else {
        throw Stop.trap("calls '\(name)' with \(arguments.count) arguments")
      }
      return arguments[index].bits
    }
  }

  /// An argument as a signed number.
  func signed(_ index: Int) throws(Stop) -> Int64 { Int64(bitPattern: try self[index]) }

  /// An argument as a `double`.
  func floating(_ index: Int) throws(Stop) -> Double { Double(bitPattern: try self[index]) }

  /// An argument that counts bytes.
  func size(_ index: Int) throws(Stop) -> Int {
    let value = try self[index]
    guard value <= UInt64(Memory.heapLimit) else {
      throw Stop.trap("passes \(value) to '\(name)' as a number of bytes")
    }
    return Int(value)
  }
}
