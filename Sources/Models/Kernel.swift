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
  strncpy_from_user: instead; user 1; write 0 #2; external 0 #2; ret copied 0 #2
  strnlen_user strlen_user: instead; user 0
  copy_to_iter: instead; leak 0 #1; ret upto #1
  copy_to_user_nofault: instead; user 0; leak 1 #2; ret -14..0
  copy_from_user_nofault: instead; fetch 0 1 #2; ret -14..0
  strncpy_from_user_nofault: instead; user 1; write 0 #2; externaltext 0 #2; ret -14..2147483647
  copy_struct_from_user: instead; user 2; write 0 #1; external 0 #1; ret -4095..0
  copy_from_kernel_nofault: write 0 #2; ret -34..0
  copy_from_iter_full: instead; write 0 #1; external 0 #1; ret 0..1
  kstrtouint_from_user kstrtoint_from_user: user 0; write 3 4; external 3 4; ret -34..0
  kstrtou16_from_user kstrtos16_from_user: user 0; write 3 2; external 3 2; ret -34..0
  kstrtou8_from_user kstrtos8_from_user: user 0; write 3 1; external 3 1; ret -34..0
  kstrtoull_from_user kstrtoll_from_user: user 0; write 3 8; external 3 8; ret -34..0
  kstrtobool_from_user: user 0; write 2 1; ret -34..0
  copy_from_iter: instead; write 0 #1; external 0 #1; ret upto #1
  simple_read_from_buffer: instead; user 0; clobber 2; ret -22..2147483647
  simple_write_to_buffer: instead; user 3; external 0 #1; clobber 2; ret -22..2147483647
  __get_user __get_user_nocheck: clobber 0; fetch 1 2 #3
  __put_user __put_user_nocheck: clobber 0; user 1
  memdup_user vmemdup_user: instead; fetch result 0 #1; ret memory #1; error
  memdup_user_nul: instead; user 0; error
  strndup_user: instead; user 0; error
  nla_put: leak 3 #2
  nla_put_64bit nla_append: leak 3 #2
  skb_put_data: instead; leak 1 #2
  """

/// Documentation/core-api/memory-allocation.rst and dma-api.rst, driver-model/devres.rst.
let kernelMemory = """
  kmalloc __kmalloc kmalloc_noprof __kmalloc_noprof kmalloc_node: instead; ret memory #0
  kzalloc kzalloc_noprof kzalloc_node: instead; ret zeroed #0
  kcalloc kcalloc_node: instead; ret zeroed #0*#1
  kmalloc_array kmalloc_array_node: instead; ret memory #0*#1
  krealloc: ret resized 0 #1
  krealloc_array: instead; ret resized 0 #1*#2
  size_mul array_size: instead; ret saturated * 0 1
  size_add: instead; ret saturated + 0 1
  size_sub: instead; ret saturated - 0 1
  kfree kfree_sensitive kzfree: instead; release 0
  kfree_const: keep 0
  kmemdup kmemdup_noprof: instead; read 0 #1; ret filled #1; copy result 0 #1
  kmemdup_nul: read 0 #1; acquire memory
  kstrdup: string 0; ret duplicate 0
  kstrndup: ret duplicate 0 #1
  kasprintf: print 1 2; acquire memory
  kvasprintf: print 1 -1; acquire memory
  vmalloc vmalloc_node vmalloc_32 __vmalloc: instead; ret memory #0; acquire virtual
  vzalloc vzalloc_node vmalloc_user vmalloc_32_user: instead; ret zeroed #0; acquire virtual
  vfree vfree_atomic: instead; release 0 virtual
  kvmalloc kvmalloc_node: instead; ret memory #0; acquire either
  kvzalloc kvzalloc_node: instead; ret zeroed #0; acquire either
  kvcalloc: instead; ret zeroed #0*#1; acquire either
  kvmalloc_array: instead; ret memory #0*#1; acquire either
  kvfree kvfree_sensitive: instead; release 0 either
  kmem_cache_alloc kmem_cache_alloc_node kmem_cache_zalloc: instead; acquire memory
  kmem_cache_free: instead; release 1
  dma_alloc_coherent dma_alloc_attrs: instead; clobber 2; ret filled #1; acquire coherent
  dma_free_coherent dma_free_attrs: instead; release 2 coherent
  usb_alloc_coherent: clobber 3; ret filled #1; acquire coherent
  usb_free_coherent: release 2 coherent
  devm_kmalloc: ret memory #1; acquire managed
  devm_kzalloc: instead; ret zeroed #1; acquire managed
  devm_kcalloc: instead; ret zeroed #1*#2; acquire managed
  devm_kmalloc_array: instead; ret memory #1*#2; acquire managed
  devm_krealloc: ret resized 1 #2; acquire managed
  devm_kmemdup: read 1 #2; ret filled #2; copy result 1 #2; acquire managed
  devm_kstrdup: string 1; ret duplicate 1; acquire managed
  devm_kasprintf: print 2 3; acquire managed
  devm_kfree: release 1 managed
  dmam_alloc_coherent dmam_alloc_attrs: instead; clobber 2; ret filled #1; acquire managed
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
  devm_platform_ioremap_resource_byname: error
  devm_platform_get_and_ioremap_resource: clobber 2; error
  devm_clk_get devm_clk_get_enabled devm_clk_get_prepared clk_get of_clk_get of_clk_get_by_name: error
  devm_clk_get_optional devm_clk_get_optional_enabled devm_clk_get_optional_prepared: error null
  devm_regulator_get devm_regulator_get_optional devm_regulator_get_exclusive: error
  regulator_get regulator_get_optional regulator_get_exclusive: error
  devm_reset_control_get devm_gpiod_get gpiod_get: instead; error
  devm_gpiod_get_index gpiod_get_index: error
  devm_gpiod_get_optional gpiod_get_optional: error null
  devm_gpiod_get_index_optional gpiod_get_index_optional: error null
  devm_phy_get phy_get: error
  devm_phy_optional_get: error null
  devm_pinctrl_get pinctrl_get pinctrl_lookup_state: error
  devm_pwm_get pwm_get dma_request_chan: error
  devm_iio_channel_get iio_channel_get devm_nvmem_cell_get nvmem_cell_get: error
  syscon_node_to_regmap syscon_regmap_lookup_by_phandle: error
  i2c_new_client_device i2c_new_dummy_device devm_i2c_new_dummy_device: error
  filp_open kthread_create_on_node device_create platform_device_register_full: error
  devm_regmap_init_mmio devm_hwmon_device_register_with_info: error
  crypto_alloc_shash crypto_alloc_skcipher crypto_alloc_aead crypto_alloc_ahash: error
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
  _raw_spin_lock_irqsave _raw_spin_lock_irqsave_nested: instead; lock 0; saves
  spin_trylock spin_trylock_bh spin_trylock_irq: instead; lock 0 nonzero; ret 0..1
  _raw_spin_trylock _raw_spin_trylock_bh: instead; lock 0 nonzero; ret 0..1
  spin_unlock spin_unlock_bh spin_unlock_irq spin_unlock_irqrestore: instead; unlock 0
  raw_spin_unlock raw_spin_unlock_irq: instead; unlock 0
  _raw_spin_unlock _raw_spin_unlock_bh _raw_spin_unlock_irq: instead; unlock 0
  _raw_spin_unlock_irqrestore: instead; unlock 0
  _raw_read_lock _raw_read_lock_bh _raw_read_lock_irq: instead; lock 0 shared
  _raw_read_lock_irqsave: instead; lock 0 shared; saves
  _raw_read_unlock _raw_read_unlock_bh _raw_read_unlock_irq: instead; unlock 0 shared
  _raw_read_unlock_irqrestore: instead; unlock 0 shared
  _raw_write_lock _raw_write_lock_bh _raw_write_lock_irq: instead; lock 0
  _raw_write_lock_irqsave: instead; lock 0; saves
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
  dev_err_probe: print 2 3; reveal 2 3; ret 1
  __dynamic_netdev_dbg: print 2 3
  __warn_printk: print 0 1; reveal 0 1
  panic: print 0 1; noreturn
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
