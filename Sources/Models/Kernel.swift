// SPDX-License-Identifier: Apache-2.0

// What functions of the Linux kernel do, in the vocabulary of docs/models.md, from the kernel's own
// documentation (Documentation/core-api, kernel-doc comments). Inline functions of its headers have
// `instead`: what they are made of says less than what they promise.

/// Documentation/core-api/kernel-api.rst, "User Space Memory Access", and netlink attributes.
let kernelCopies = """
  copy_from_user __copy_from_user _copy_from_user: instead; fetch 0 1 #2; ret upto #2
  __copy_from_user_inatomic raw_copy_from_user: instead; fetch 0 1 #2; ret upto #2
  copy_to_user __copy_to_user _copy_to_user: instead; user 0; leak 1 #2; ret upto #2
  __copy_to_user_inatomic raw_copy_to_user: instead; user 0; leak 1 #2; ret upto #2
  clear_user __clear_user: instead; user 0; ret upto #1
  strncpy_from_user: instead; user 1; write 0 #2; external 0 #2; ret -14..2147483647
  strnlen_user strlen_user: instead; user 0
  copy_to_iter: instead; leak 0 #1; ret upto #1
  copy_from_iter: instead; write 0 #1; external 0 #1; ret upto #1
  simple_read_from_buffer: instead; user 0; ret -22..2147483647
  simple_write_to_buffer: instead; user 3; external 0 #1
  __get_user __get_user_nocheck: clobber 0; fetch 1 2 #3
  __put_user __put_user_nocheck: clobber 0; user 1
  memdup_user vmemdup_user: instead; fetch result 0 #1; ret memory #1; error
  memdup_user_nul: instead; user 0; error
  strndup_user: instead; user 0; error
  nla_put: leak 3 #2
  nla_put_64bit nla_append: leak 3 #2
  skb_put_data: instead; leak 1 #2
  """

/// Documentation/core-api/memory-allocation.rst.
let kernelMemory = """
  kmalloc __kmalloc kmalloc_noprof __kmalloc_noprof: instead; ret memory #0
  kvmalloc vmalloc: instead; ret memory #0
  kzalloc kzalloc_noprof kvzalloc vzalloc: instead; ret zeroed #0
  kcalloc kvcalloc: instead; ret zeroed #0*#1
  kmalloc_array: instead; ret memory #0*#1
  krealloc: ret resized 0 #1
  kfree kfree_sensitive kvfree vfree: instead; release 0
  kref_put kref_put_mutex kref_put_lock: instead; keep 0; clobber 0; ret 0..1
  """

/// include/linux/err.h, and families whose kernel-doc says "or ERR_PTR()".
///
/// The code of IS_ERR_OR_NULL counts where it is there, because it tells NULL as well.
let kernelErrors = """
  IS_ERR: instead; asks 0 error; ret 0..1
  IS_ERR_OR_NULL: asks 0 error; ret 0..1
  PTR_ERR_OR_ZERO: instead; asks 0 error; ret -4095..0
  PTR_ERR: instead; ret -4095..-1
  ERR_PTR: instead; ret error 0
  ERR_CAST: instead; ret 0
  devm_ioremap_resource devm_platform_ioremap_resource: instead; error
  devm_clk_get devm_clk_get_enabled clk_get devm_regulator_get regulator_get: error
  devm_reset_control_get devm_gpiod_get gpiod_get: instead; error
  filp_open kthread_create_on_node device_create platform_device_register_full: error
  devm_regmap_init_mmio devm_hwmon_device_register_with_info: error
  crypto_alloc_shash crypto_alloc_skcipher crypto_alloc_aead: error
  """

/// Documentation/locking and include/linux/{mutex,spinlock,rwlock,rcupdate}.h.
let kernelLocks = """
  mutex_lock mutex_lock_nested mutex_lock_io: instead; lock 0
  mutex_lock_interruptible mutex_lock_killable: instead; lock 0 zero; ret -4..0
  mutex_lock_interruptible_nested mutex_lock_killable_nested: instead; lock 0 zero; ret -4..0
  mutex_trylock: instead; lock 0 nonzero; ret 0..1
  mutex_unlock: instead; unlock 0
  spin_lock spin_lock_bh spin_lock_irq raw_spin_lock: instead; lock 0
  _raw_spin_lock _raw_spin_lock_bh _raw_spin_lock_irq _raw_spin_lock_nested: instead; lock 0
  _raw_spin_lock_irqsave _raw_spin_lock_irqsave_nested: instead; lock 0
  spin_trylock spin_trylock_bh spin_trylock_irq: instead; lock 0 nonzero; ret 0..1
  _raw_spin_trylock _raw_spin_trylock_bh: instead; lock 0 nonzero; ret 0..1
  spin_unlock spin_unlock_bh spin_unlock_irq spin_unlock_irqrestore: instead; unlock 0
  raw_spin_unlock raw_spin_unlock_irq: instead; unlock 0
  _raw_spin_unlock _raw_spin_unlock_bh _raw_spin_unlock_irq: instead; unlock 0
  _raw_spin_unlock_irqrestore: instead; unlock 0
  _raw_read_lock _raw_read_lock_bh _raw_read_lock_irq: instead; lock 0 shared
  _raw_read_lock_irqsave: instead; lock 0 shared
  _raw_read_unlock _raw_read_unlock_bh _raw_read_unlock_irq: instead; unlock 0 shared
  _raw_read_unlock_irqrestore: instead; unlock 0 shared
  _raw_write_lock _raw_write_lock_bh _raw_write_lock_irq _raw_write_lock_irqsave: instead; lock 0
  _raw_write_unlock _raw_write_unlock_bh _raw_write_unlock_irq: instead; unlock 0
  _raw_write_unlock_irqrestore: instead; unlock 0
  down_read down_read_nested: instead; lock 0 shared
  down_read_interruptible down_read_killable: instead; lock 0 shared zero; ret -4..0
  down_read_trylock: instead; lock 0 shared nonzero; ret 0..1
  up_read: instead; unlock 0 shared
  down_write down_write_nested: instead; lock 0
  down_write_killable: instead; lock 0 zero; ret -4..0
  down_write_trylock: instead; lock 0 nonzero; ret 0..1
  up_write: instead; unlock 0
  rcu_read_lock: instead; lock rcu shared
  rcu_read_unlock: instead; unlock rcu shared
  """

/// include/linux/printk.h, dev_printk.h, seq_file.h; Documentation/core-api/printk-formats.rst.
let kernelPrinting = """
  printk _printk: print 0 1; reveal 0 1
  vprintk: print 0 -1
  _dev_emerg _dev_alert _dev_crit _dev_err _dev_warn _dev_notice _dev_info: print 1 2; reveal 1 2
  dev_emerg dev_alert dev_crit dev_err dev_warn dev_notice dev_info: print 1 2; reveal 1 2
  _dev_printk: print 2 3; reveal 2 3
  dev_printk: print 2 3; reveal 2 3
  __dynamic_dev_dbg: print 2 3
  __dynamic_pr_debug: print 1 2
  netdev_err netdev_warn netdev_notice netdev_info: print 1 2; reveal 1 2
  seq_printf: print 1 2; reveal 1 2
  sysfs_emit: print 1 2; reveal 1 2
  sysfs_emit_at: print 2 3; reveal 2 3
  """

/// POSIX threads: pthread_mutex_lock(3p), pthread_rwlock_rdlock(3p), pthread_spin_lock(3p).
let threadLocks = """
  pthread_mutex_lock pthread_spin_lock pthread_rwlock_wrlock: lock 0
  pthread_mutex_trylock pthread_spin_trylock pthread_rwlock_trywrlock: lock 0 zero
  pthread_mutex_timedlock pthread_rwlock_timedwrlock: lock 0 zero
  pthread_mutex_unlock pthread_spin_unlock: unlock 0
  pthread_rwlock_rdlock: lock 0 shared
  pthread_rwlock_tryrdlock pthread_rwlock_timedrdlock: lock 0 shared zero
  """
