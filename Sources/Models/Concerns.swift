// SPDX-License-Identifier: Apache-2.0

// What the rules on hardening ask of calls, by name. Values of flags are those of Linux on machines
// that use its generic headers (asm-generic/{fcntl,mman-common}.h, linux/ptrace.h): x86, ARM, RISC-V.
//
// Sources: POSIX.1-2017, the Linux man pages, kernel-doc of Linux, and the manuals of OpenSSL, Mbed TLS,
// wolfSSL, libtomcrypt, libgcrypt, Nettle and libsodium.

import Analysis

extension ModelTable {
  /// The questions that the program carries.
  static let concerns: [(names: String, concerns: [Concern])] =
    memoryConcerns + processConcerns + modeConcerns + fileConcerns + textConcerns + secretConcerns
}

extension ModelTable {
  /// linux/sysfs.h, linux/device.h, linux/miscdevice.h, linux/sysctl.h, linux/moduleparam.h: the modes of
  /// files that stand in initialisers.
  static let memberConcerns: [String: Concern] = [
    "attribute.mode": .bits(.permissions, argument: 0, all: 0o2, none: 0),
    "miscdevice.mode": .bits(.permissions, argument: 0, all: 0o2, none: 0),
    "ctl_table.mode": .bits(.permissions, argument: 0, all: 0o2, none: 0),
    "kernel_param.perm": .bits(.permissions, argument: 0, all: 0o2, none: 0),
    "configfs_attribute.ca_mode": .bits(.permissions, argument: 0, all: 0o2, none: 0),
  ]
}

/// mmap(2), mprotect(2), shmat(2), personality(2); linux/vmalloc.h, linux/set_memory.h.
private let memoryConcerns: [(names: String, concerns: [Concern])] = [
  (
    "mmap mmap64 mprotect pkey_mprotect",
    [.bits(.protection, argument: 2, all: 0x6, none: 0)]
  ),
  ("shmat", [.bits(.protection, argument: 2, all: 0x8000, none: 0x1000)]),
  ("personality", [.bits(.protection, argument: 0, all: 0x40_0000, none: 0xFF00_0000)]),
  ("set_memory_x", [.unsealed(.protection)]),
  ("set_memory_ro set_memory_rox", [.seals]),
  ("vmalloc_exec", [.always(.protection)]),
  ("__vmalloc", [.spelled(.protection, argument: 2, "PAGE_KERNEL_EXEC")]),
  ("__vmalloc_node_range", [.spelled(.protection, argument: 5, "PAGE_KERNEL_EXEC")]),
  ("vmap", [.spelled(.protection, argument: 3, "PAGE_KERNEL_EXEC")]),
  ("ioremap_prot", [.spelled(.protection, argument: 2, "PAGE_KERNEL_EXEC")]),
]

/// ptrace(2), process_vm_readv(2); linux/mm.h.
private let processConcerns: [(names: String, concerns: [Concern])] = [
  // PEEKTEXT … POKEUSR, GETREGS … SETFPREGS, ATTACH, GETREGSET, SETREGSET, SEIZE.
  (
    "ptrace",
    [
      .values(
        .processAccess, argument: 0,
        among: [1, 2, 3, 4, 5, 6, 12, 13, 14, 15, 16, 0x4204, 0x4205, 0x4206])
    ]
  ),
  ("process_vm_readv process_vm_writev", [.always(.processAccess)]),
  (
    "access_process_vm access_remote_vm get_user_pages_remote pin_user_pages_remote",
    [.always(.processAccess)]
  ),
  ("ptrace_may_access mm_access security_ptrace_access_check", [.permissionCheck]),
]

/// chmod(2), open(2), mkdir(2), umask(2); linux/{proc_fs,debugfs,configfs,device}.h.
private let modeConcerns: [(names: String, concerns: [Concern])] = [
  ("chmod lchmod fchmod", [.bits(.permissions, argument: 1, all: 0o2, none: 0o1000)]),
  ("fchmodat", [.bits(.permissions, argument: 2, all: 0o2, none: 0o1000)]),
  ("creat creat64 mkdir mkfifo mknod", [.creates(flags: -1, mode: 1)]),
  ("mkdirat mkfifoat mknodat", [.creates(flags: -1, mode: 2)]),
  ("open open64 shm_open mq_open sem_open", [.creates(flags: 1, mode: 2)]),
  ("openat openat64", [.creates(flags: 2, mode: 3)]),
  // IPC_PRIVATE is no other case: the mode counts for who learns the number.
  ("shmget", [.bits(.permissions, argument: 2, all: 0o2, none: 0)]),
  ("semget", [.bits(.permissions, argument: 2, all: 0o2, none: 0)]),
  ("msgget", [.bits(.permissions, argument: 1, all: 0o2, none: 0)]),
  ("umask", [.mask(0)]),
  (
    "proc_create proc_create_data proc_create_seq_private proc_create_single_data proc_mkdir_mode",
    [.bits(.permissions, argument: 1, all: 0o2, none: 0o1000)]
  ),
  (
    "proc_create_net_data proc_create_net_single proc_create_net_data_write",
    [.bits(.permissions, argument: 1, all: 0o2, none: 0o1000)]
  ),
  (
    """
    debugfs_create_file debugfs_create_file_unsafe debugfs_create_file_full debugfs_create_file_size \
    debugfs_create_u8 debugfs_create_u16 debugfs_create_u32 debugfs_create_u64 debugfs_create_ulong \
    debugfs_create_x8 debugfs_create_x16 debugfs_create_x32 debugfs_create_x64 debugfs_create_size_t \
    debugfs_create_atomic_t debugfs_create_bool debugfs_create_str debugfs_create_blob \
    debugfs_create_regset32 debugfs_create_u32_array securityfs_create_file tracefs_create_file
    """,
    [.bits(.permissions, argument: 1, all: 0o2, none: 0o1000)]
  ),
]

/// What opens, checks and uses files by name.
private let fileConcerns: [(names: String, concerns: [Concern])] = [
  ("open open64", [.opens(path: 0, flags: 1)]),
  ("creat creat64", [.opens(path: 0, flags: -1)]),
  ("openat openat64", [.opens(path: 1, flags: 2)]),
  ("fopen fopen64 freopen freopen64", [.opens(path: 0, flags: 1)]),
  ("filp_open", [.opens(path: 0, flags: 1)]),
  ("chmod lchmod chown truncate truncate64", [.uses(path: 0, .change)]),
  ("fchmodat fchownat", [.uses(path: 1, .change)]),
  ("unlink remove rmdir rename mkdir mknod mkfifo", [.uses(path: 0, .rename)]),
  ("unlinkat mkdirat renameat", [.uses(path: 1, .rename)]),
  ("access euidaccess eaccess", [.checks(path: 0, .permission)]),
  ("faccessat", [.checks(path: 1, .permission)]),
  ("stat stat64", [.checks(path: 0, .target)]),
  ("lstat lstat64", [.checks(path: 0, .link)]),
  ("fstatat fstatat64", [.checks(path: 1, .target)]),
  ("mktemp tmpnam tmpnam_r tempnam", [.always(.temporaryName)]),
]

/// system(3), popen(3), exec(3), dlopen(3).
private let textConcerns: [(names: String, concerns: [Concern])] = [
  ("system popen", [.command(0)]),
  ("dlopen execlp execvp execvpe posix_spawnp", [.program(0)]),
  ("execl execlp execle", [.shellArguments(1)]),
  ("execv execvp execve execvpe", [.shellVector(1)]),
]

/// Secrets, and functions that compare or clear.
private let secretConcerns: [(names: String, concerns: [Concern])] = [
  ("memcmp bcmp strcmp strncmp strcasecmp strncasecmp", [.compares(0, 1)]),
  ("memset bzero", [.clears(0)]),
  ("rand random lrand48 mrand48 drand48 rand_r", [.random]),
  ("getpass getpassphrase crypt crypt_r", [.secretResult]),
  ("readpassphrase", [.secret(1)]),
  ("crypt", [.secret(0)]),
  // OpenSSL.
  ("HMAC", [.secret(1), .authenticates(5), .secretResult]),
  ("HMAC_Init_ex HMAC_Init", [.secret(1)]),
  ("HMAC_Final CMAC_Final EVP_MAC_final EVP_DigestSignFinal", [.authenticates(1)]),
  ("AES_set_encrypt_key AES_set_decrypt_key", [.secret(0)]),
  ("EVP_EncryptInit_ex EVP_DecryptInit_ex EVP_CipherInit_ex", [.secret(3)]),
  ("PKCS5_PBKDF2_HMAC", [.secret(0), .secret(7), .authenticates(7)]),
  ("PKCS5_PBKDF2_HMAC_SHA1", [.secret(0), .secret(5), .authenticates(5)]),
  ("EVP_PBE_scrypt", [.secret(0), .secret(8), .authenticates(8)]),
  // Mbed TLS.
  ("mbedtls_md_hmac", [.secret(1), .authenticates(5)]),
  ("mbedtls_md_hmac_starts", [.secret(1)]),
  ("mbedtls_md_hmac_finish mbedtls_cipher_cmac_finish", [.authenticates(1)]),
  ("mbedtls_aes_setkey_enc mbedtls_aes_setkey_dec", [.secret(1)]),
  // wolfSSL, libtomcrypt, libgcrypt, Nettle, libsodium.
  ("wc_HmacSetKey", [.secret(2)]),
  ("wc_HmacFinal wc_CmacFinal", [.authenticates(1)]),
  ("hmac_done omac_done pmac_done poly1305_done", [.authenticates(1)]),
  ("hmac_memory", [.secret(1), .authenticates(5)]),
  ("hmac_init", [.secret(2)]),
  ("gcry_mac_read", [.authenticates(1)]),
  ("gcry_mac_setkey gcry_md_setkey gcry_cipher_setkey", [.secret(1)]),
  (
    "hmac_sha1_digest hmac_sha256_digest hmac_sha384_digest hmac_sha512_digest hmac_md5_digest",
    [.authenticates(2)]
  ),
  ("crypto_auth crypto_onetimeauth", [.authenticates(0)]),
  // Linux.
  (
    "crypto_shash_setkey crypto_ahash_setkey crypto_aead_setkey crypto_skcipher_setkey",
    [.secret(1)]
  ),
]
