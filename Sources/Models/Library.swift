// SPDX-License-Identifier: Apache-2.0

// The library functions that the program knows, in the vocabulary of docs/models.md:
//
//     name name: clause; clause; …
//
// One line for all functions that do the same. Arguments are numbered from 0; `#2` is the value of
// argument 2. Sources: C11 7.4 and 7.21-7.29, POSIX.1-2017, and the Linux man pages of the rest.

public import Analysis

extension ModelTable {
  /// The models of the C library and POSIX that the program carries.
  public static let standard = ModelTable.withInputs(
    [
      strings, characters, memory, streams, files, sockets, system, kernelCopies, kernelMemory,
      kernelErrors, kernelLocks, kernelPrinting, kernelText, kernelDevices, kernelBuses,
      kernelPackets, kernelMessages,
      kernelReferences, threadLocks, checkedArithmetic,
    ].flatMap {
      (try? parseModels($0)) ?? []
    }
  ).addingConcerns(concerns).addingMemberConcerns(memberConcerns).addingEntries(kernelEntries)
    .addingAttributes(netlinkAttributes)
}

/// Reads lines of models.
///
/// The error names the line. A test asserts that the built-in tables have none.
public func parseModels(_ text: String) throws(ModelError) -> [FunctionModel] {
  var models: [FunctionModel] = []
  for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    let line = line.drop { $0 == " " }
    if line.isEmpty { continue }
    guard let colon = line.firstIndex(of: ":") else {
      throw ModelError(message: "line \(index + 1): a model is 'name: clause; …', found '\(line)'")
    }
    for name in line[..<colon].split(separator: " ") {
      do {
        models.append(try parseModel(name: String(name), line[line.index(after: colon)...]))
      } catch {
        throw ModelError(message: "line \(index + 1): \(error.message)")
      }
    }
  }
  return models
}

/// C11 7.24 and 7.29.4, the GNU and BSD additions.
let strings = """
  memcpy memmove: write 0 #2; read 1 #2; copy 0 1 #2; ret 0
  wmemcpy wmemmove: write 0 #2*element; read 1 #2*element; copy 0 1 #2*element; ret 0
  mempcpy: write 0 #2; read 1 #2; copy 0 1 #2; ret past 0 #2
  wmempcpy: write 0 #2*element; read 1 #2*element; copy 0 1 #2*element; ret past 0 #2*element
  memccpy: clobber 0; ret inside 0 #3
  bcopy: write 1 #2; read 0 #2; copy 1 0 #2
  swab: write 1 #2; read 0 #2; clobber 1
  memset: write 0 #2; fill 0 1 #2; ret 0
  wmemset: write 0 #2*element; fill 0 1 #2*element; ret 0
  bzero explicit_bzero: write 0 #1; zero 0 #1
  memcmp bcmp timingsafe_bcmp timingsafe_memcmp: read 0 #2; read 1 #2
  wmemcmp: read 0 #2*element; read 1 #2*element
  memchr: ret inside 0 #2
  memrchr: read 0 #2; ret inside 0 #2
  wmemchr: ret inside 0 #2*element
  memmem: read 0 #1; read 2 #3; ret inside 0 #1
  strlen wcslen: string 0; ret length 0
  strnlen wcsnlen: ret shorter 0 #1
  strcpy wcscpy: string 1; unsafe 0; strcpy 0 1; ret 0
  stpcpy wcpcpy: string 1; unsafe 0; strcpy 0 1; ret end 0
  strcat wcscat: string 0; string 1; unsafe 0; strcat 0 1; ret 0
  strncpy wcsncpy: write 0 #2*element; strncpy 0 1 #2; ret 0
  stpncpy wcpncpy: write 0 #2*element; strncpy 0 1 #2; ret within 0 always
  strncat wcsncat: string 0; strncat 0 1 #2; ret 0
  strlcpy wcslcpy: string 1; strlcpy 0 1 #2; ret length 1
  strlcat wcslcat: string 1; strlcat 0 1 #2
  strcmp strcoll strcasecmp strverscmp: string 0; string 1
  wcscmp wcscoll wcscasecmp: string 0; string 1
  strncmp strncasecmp wcsncmp wcsncasecmp: string 0 #2; string 1 #2
  strchr strrchr index rindex wcschr wcsrchr: string 0; ret within 0
  strchrnul wcschrnul: string 0; ret within 0 always
  strstr strcasestr strpbrk wcsstr wcspbrk: string 0; string 1; ret within 0
  strspn strcspn wcsspn wcscspn: string 0; string 1; ret position 0
  strtok wcstok: string 1; clobber 0
  strtok_r: string 1; clobber 0; clobber 2
  strsep: string 1; clobber 0
  strdup wcsdup: string 0; ret duplicate 0
  strndup: ret duplicate 0 #1
  strxfrm wcsxfrm: string 1; clobber 0
  strerror strsignal: ret string
  strerror_r: clobber 1
  ffs ffsl ffsll: ret 0..64
  """

/// C11 7.4, 7.22.1, 7.22.7, 7.22.8, 7.29.4.1 and 7.30.
let characters = """
  isalnum isalpha isblank iscntrl isdigit isgraph islower: pure
  isprint ispunct isspace isupper isxdigit isascii: pure
  tolower toupper toascii: pure
  iswalnum iswalpha iswblank iswcntrl iswdigit iswgraph iswlower: pure
  iswprint iswpunct iswspace iswupper iswxdigit towlower towupper: pure
  __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __ctype_get_mb_cur_max: pure
  atoi atol atoll atof: string 0
  strtol strtoul strtoll strtoull strtoimax strtoumax: string 0; clobber 1
  strtod strtof strtold: string 0; clobber 1
  wcstol wcstoul wcstoll wcstoull wcstod: string 0; clobber 1
  mbstowcs: string 1; write 0 #2*element; clobber 0; ret upto #2 or fail
  wcstombs: string 1; clobber 0; ret upto #2 or fail
  mbtowc mbrtowc wctomb wcrtomb: clobber 0
  mbsrtowcs wcsrtombs: clobber 0; clobber 1
  mblen wctob btowc: pure
  """

/// C11 7.22.3 and what goes with it.
let memory = """
  malloc valloc: ret memory #0
  alloca __builtin_alloca: ret stack #0
  calloc: ret zeroed #0*#1
  realloc: ret resized 0 #1
  reallocarray: ret resized 0 #1*#2
  aligned_alloc memalign: ret memory #1
  posix_memalign: acquire 0 memory
  free cfree: release 0
  malloc_usable_size malloc_trim: pure
  mmap mmap64: acquire mapping
  munmap: release 0 mapping
  mprotect msync madvise mlock munlock: pure
  """

/// C11 7.21, 7.29.2, 7.29.3, and syslog(3), err(3).
let streams = """
  puts fputs fputws: string 0
  fputs_unlocked perror psignal: string 0
  fputc putc putchar fputc_unlocked putc_unlocked putchar_unlocked: pure
  fputwc putwc putwchar ungetc ungetwc putw: pure
  printf wprintf: print 0 1; ret -1..2147483647
  fprintf fwprintf dprintf: print 1 2; ret -1..2147483647
  syslog: print 1 2
  warn warnx: print 0 1
  vprintf vwprintf vwarn vwarnx: print 0 -1
  vfprintf vdprintf vsyslog vfwprintf: print 1 -1
  err errx: print 1 2; noreturn
  verr verrx: print 1 -1; noreturn
  sprintf: printinto 0 1 2; ret printed 1 2
  vsprintf: printinto 0 1 -1
  snprintf: printbounded 0 #1 2 3; ret printed 2 3
  vsnprintf: printbounded 0 #1 2 -1; ret printed 2 -1
  swprintf: printbounded 0 #1 2 3; ret upto #1 or fail
  vswprintf: printbounded 0 #1 2 -1; ret upto #1 or fail
  asprintf: print 1 2; allocatetext 0
  vasprintf: print 1 -1; allocatetext 0
  gets: unbounded 0; externaltext 0 1099511627776; ret maybe 0
  fgets fgetws fgets_unlocked: write 0 #1*element; externaltext 0 #1; ret maybe 0
  fgetc getc getchar fgetc_unlocked getc_unlocked getchar_unlocked: ret -1..255
  fgetwc getwc getwchar getw: pure
  getline: allocatetext 0; clobber 1
  getdelim: allocatetext 0; clobber 1
  scanf wscanf: scan 0 1
  fscanf fwscanf: scan 1 2
  sscanf swscanf: string 0; scan 1 2
  vscanf: scan 0 -1
  vfscanf: scan 1 -1
  vsscanf: string 0; scan 1 -1
  fread fread_unlocked: write 0 #1*#2; external 0 #1*#2; ret upto #2
  fwrite fwrite_unlocked: output 0 #1*#2; ret upto #2
  fopen fopen64: string 0; string 1; acquire stream
  freopen: string 0; string 1; ret maybe 2
  fdopen: string 1; keep 0; acquire stream
  fmemopen tmpfile: acquire stream
  fclose: release 0 stream
  popen: string 0; string 1; acquire pipe
  pclose: release 0 pipe
  fflush fileno feof ferror clearerr fwide: pure
  fflush_unlocked fileno_unlocked feof_unlocked ferror_unlocked: pure
  fseek ftell fseeko ftello rewind fsetpos: pure
  fgetpos: clobber 1
  setbuf setvbuf: keep 1
  setlinebuf: pure
  openlog: keep 0
  closelog setlogmask: pure
  """

/// POSIX files and directories.
let files = """
  read pread pread64: write 1 #2; external 1 #2; ret upto #2 or fail
  write pwrite pwrite64: output 1 #2; ret upto #2 or fail
  readlink: path 0; write 1 #2; external 1 #2; ret upto #2 or fail
  readlinkat: path 1; write 2 #3; external 2 #3; ret upto #3 or fail
  open open64 creat: path 0; acquire descriptor; ret -1..2147483647
  openat: path 1; acquire descriptor; ret -1..2147483647
  dup: acquire descriptor; ret -1..2147483647
  dup2 dup3: ret -1..2147483647
  close: release 0 descriptor; ret -1..0
  pipe pipe2: acquire 0 descriptor
  mkstemp mkstemp64: string 0; acquire descriptor; ret -1..2147483647
  mkostemp: string 0; acquire descriptor; ret -1..2147483647
  mkdtemp mktemp: string 0; ret maybe 0
  memfd_create shm_open: string 0; acquire descriptor
  eventfd timerfd_create epoll_create epoll_create1 inotify_init inotify_init1: acquire descriptor
  unlink remove rmdir chdir chroot umount swapoff: path 0; ret -1..0
  unlinkat: path 1; ret -1..0
  rename link symlink: path 0; path 1; ret -1..0
  mkdir chmod access mkfifo mknod truncate euidaccess: path 0; ret -1..0
  chown lchown: path 0; ret -1..0
  stat lstat stat64 lstat64 statfs statvfs: path 0; clobber 1; ret -1..0
  fstat fstat64 fstatfs: clobber 1; ret -1..0
  fstatat: path 1; clobber 2; ret -1..0
  utime utimes: path 0; ret -1..0
  lseek lseek64 ftruncate fsync fdatasync fchmod fchown fchdir isatty umask sync: pure
  opendir: path 0; acquire directory
  fdopendir: keep 0; acquire directory
  closedir: release 0 directory
  readdir readdir64 rewinddir dirfd telldir seekdir: pure
  getcwd: write 0 #1; terminate 0 #1
  realpath: path 0; clobber 1
  basename dirname: clobber 0
  fnmatch: string 0; string 1
  ioctl fcntl fcntl64: clobber 2
  poll: clobber 0
  select: clobber 1; clobber 2; clobber 3; clobber 4
  dlopen: acquire library
  dlsym: string 1
  dlclose: release 0 library
  dlerror: pure
  """

/// POSIX sockets, names of hosts and addresses, byte order.
let sockets = """
  recv: write 1 #2; external 1 #2; ret upto #2 or fail
  recvfrom: write 1 #2; external 1 #2; clobber 4; clobber 5; ret upto #2 or fail
  send: output 1 #2; ret upto #2 or fail
  sendto: output 1 #2; ret upto #2 or fail
  socket: acquire descriptor; ret -1..2147483647
  socketpair: acquire 3 descriptor
  accept accept4: clobber 1; clobber 2; acquire descriptor; ret -1..2147483647
  listen bind connect shutdown: ret -1..0
  setsockopt: read 3 #4; ret -1..0
  getsockopt: clobber 3; clobber 4; ret -1..0
  getsockname getpeername: clobber 1; clobber 2; ret -1..0
  getaddrinfo: string 0; string 1; acquire 3 addresses
  freeaddrinfo: release 0 addresses
  gai_strerror hstrerror: ret string
  getnameinfo: write 2 #3; terminate 2 #3; write 4 #5; terminate 4 #5
  gethostbyname gethostbyname2: string 0
  gethostname getdomainname: write 0 #1; terminate 0 #1
  inet_ntoa: ret text 15
  inet_ntop: write 2 #3; terminate 2 #3; ret maybe 2
  inet_pton: string 1; clobber 2
  inet_addr inet_network: string 0
  inet_aton: string 0; clobber 1
  ether_ntoa: ret text 17
  ether_aton: string 0
  if_nametoindex: string 0
  if_indextoname: write 1 16; terminate 1 16; ret maybe 1
  htons htonl ntohs ntohl bswap_16 bswap_32 bswap_64: pure
  """

/// What GCC and clang offer to compute without overflow: generic, and by type.
let checkedArithmetic = """
  __builtin_add_overflow __builtin_sadd_overflow __builtin_saddl_overflow: ret checked + 0 1 2
  __builtin_saddll_overflow __builtin_uadd_overflow: ret checked + 0 1 2
  __builtin_uaddl_overflow __builtin_uaddll_overflow: ret checked + 0 1 2
  __builtin_sub_overflow __builtin_ssub_overflow __builtin_ssubl_overflow: ret checked - 0 1 2
  __builtin_ssubll_overflow __builtin_usub_overflow: ret checked - 0 1 2
  __builtin_usubl_overflow __builtin_usubll_overflow: ret checked - 0 1 2
  __builtin_mul_overflow __builtin_smul_overflow __builtin_smull_overflow: ret checked * 0 1 2
  __builtin_smulll_overflow __builtin_umul_overflow: ret checked * 0 1 2
  __builtin_umull_overflow __builtin_umulll_overflow: ret checked * 0 1 2
  """

/// The process, its users, time, and the rest.
let system = """
  abort _exit _Exit quick_exit exit: noreturn
  longjmp siglongjmp __assert_fail __stack_chk_fail __builtin_trap: noreturn
  setjmp _setjmp sigsetjmp __sigsetjmp: again
  getenv secure_getenv: string 0; ret outside
  setenv: string 0; string 1
  unsetenv: string 0
  putenv: string 0; keep 0
  system execl execlp execle execv execvp execve: string 0
  getpass: string 0; ret outside
  crypt: string 0; string 1
  rand random lrand48: ret 0..2147483647
  srand srandom srand48: pure
  arc4random: pure
  arc4random_buf: write 0 #1; clobber 0
  getrandom: write 0 #1; clobber 0; ret upto #1 or fail
  abs labs llabs imaxabs fabs fabsf fabsl: ret magnitude 0
  sqrt sqrtf sqrtl: ret root 0
  getpid getppid getpgrp getsid getuid geteuid getgid getegid gettid: pure
  setuid setgid seteuid setegid setsid setpgid nice: pure
  getpwnam getgrnam: string 0
  getpwuid getgrgid getlogin ttyname: pure
  uname sysinfo: clobber 0; ret -1..0
  getrlimit getrusage: clobber 1; ret -1..0
  setrlimit sysconf getpagesize getdtablesize: pure
  sleep usleep alarm sched_yield: pure
  nanosleep: clobber 1
  time: clobber 0
  gettimeofday: clobber 0; clobber 1
  clock_gettime clock_getres: clobber 1
  clock difftime: pure
  gmtime localtime: pure
  gmtime_r localtime_r: clobber 1; ret maybe 1
  mktime timegm: clobber 0
  ctime asctime: ret text 25
  ctime_r asctime_r: write 1 26; terminate 1 26; ret maybe 1
  strftime: write 0 #1; terminate 0 #1
  sigemptyset sigfillset sigaddset sigdelset: clobber 0
  sigprocmask sigaction: clobber 2
  kill: ret -1..0
  wait: clobber 0
  waitpid: clobber 1
  regcomp: string 1; clobber 0
  regexec: string 1; clobber 3
  __errno_location: pure
  """
