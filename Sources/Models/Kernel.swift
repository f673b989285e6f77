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

/// include/linux/err.h, and families whose kernel-doc or code says "or ERR_PTR()".
///
/// Those with `anything` keep what they are handed, or call back; they were looked up in Linux 6.1.
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
  i2c_new_client_device i2c_new_dummy_device devm_i2c_new_dummy_device: anything; error
  filp_open: error
  kthread_create_on_node device_create platform_device_register_full: anything; error
  devm_regmap_init_mmio devm_hwmon_device_register_with_info: anything; error
  crypto_alloc_shash crypto_alloc_skcipher crypto_alloc_aead crypto_alloc_ahash: error
  __devm_regmap_init __devm_regmap_init_i2c: anything; error
  __devm_regmap_init_spi __devm_regmap_init_mmio_clk: anything; error
  __regmap_init __regmap_init_i2c __regmap_init_spi __regmap_init_mmio_clk: anything; error
  devm_regmap_field_alloc regmap_field_alloc device_node_to_regmap: anything; error
  syscon_regmap_lookup_by_compatible syscon_regmap_lookup_by_phandle_args: anything; error
  devm_regulator_register regulator_register: anything; error
  devm_power_supply_register devm_power_supply_register_no_ws: anything; error
  power_supply_register power_supply_register_no_ws: anything; error
  devm_phy_create phy_create devm_of_phy_get devm_of_phy_get_by_index of_phy_get: anything; error
  phy_attach phy_connect phy_device_create get_phy_device phylink_create fixed_phy_register: anything; error
  clk_register devm_clk_register clk_register_fixed_rate clk_get_sys: anything; error
  devm_get_clk_from_child of_clk_get_from_provider: anything; error
  __class_create __root_device_register device_create_with_groups: anything; error
  backlight_device_register devm_backlight_device_register: anything; error
  lcd_device_register devm_lcd_device_register: anything; error
  devm_rtc_allocate_device devm_rtc_device_register: anything; error
  devm_pinctrl_register pinctrl_register ptp_clock_register: anything; error
  hwmon_device_register hwmon_device_register_with_groups hwmon_device_register_with_info: anything; error
  devm_hwmon_device_register_with_groups: anything; error
  thermal_zone_device_register thermal_zone_device_register_with_trips: anything; error
  thermal_zone_get_zone_by_name devm_thermal_of_zone_register: anything; error
  thermal_cooling_device_register thermal_of_cooling_device_register: anything; error
  devm_thermal_of_cooling_device_register: anything; error
  nvmem_cell_read of_nvmem_cell_get nvmem_register devm_nvmem_register: anything; error
  nvmem_device_get devm_nvmem_device_get: anything; error
  pwm_request pwm_request_from_chip devm_fwnode_pwm_get of_pwm_get: anything; error
  dma_buf_get dma_buf_attach dma_buf_dynamic_attach dma_buf_map_attachment dma_buf_export: anything; error
  dma_request_chan_by_mask: anything; error
  __devm_drm_dev_alloc drm_dev_alloc drm_property_create_blob drm_bridge_connector_init: anything; error
  drm_atomic_get_crtc_state drm_atomic_get_plane_state: anything; error
  drm_atomic_get_connector_state drm_atomic_get_private_obj_state: anything; error
  devm_drm_of_get_bridge devm_drm_panel_bridge_add drm_panel_bridge_add of_drm_find_panel: anything; error
  drm_gem_dma_create drm_gem_shmem_create drm_gem_prime_import: anything; error
  __tty_alloc_driver tpm_chip_alloc tpmm_chip_alloc: anything; error
  i2c_new_smbus_alert_device i2c_new_ancillary_device i2c_new_scanned_device: anything; error
  i2c_acpi_new_device_by_fwnode: anything; error
  __blk_mq_alloc_disk blk_mq_alloc_request blk_mq_alloc_request_hctx blk_mq_init_queue: anything; error
  scsi_alloc_request blkdev_get_by_dev blkdev_get_by_path: anything; error
  anon_inode_getfile alloc_file_pseudo dentry_open file_open_name: anything; error
  lookup_one lookup_one_len kern_path_create user_path_create: anything; error
  vfs_kern_mount kern_mount sget read_cache_page read_cache_page_gfp read_cache_folio: anything; error
  eventfd_ctx_fdget eventfd_ctx_fileget perf_event_create_kernel_counter: anything; error
  __ib_alloc_pd __ib_alloc_cq __ib_create_cq ib_alloc_mr ib_alloc_mr_integrity: anything; error
  ib_create_cm_id ib_create_qp_kernel ib_register_mad_agent ib_create_send_mad: anything; error
  __rdma_create_kernel_id rdma_create_user_id rdma_create_ah ib_umem_get ib_umem_odp_get: anything; error
  ip6_dst_lookup_flow ip_route_output_flow page_pool_create: anything; error
  devlink_health_reporter_create rpc_create rpc_run_task wwan_create_port: anything; error
  __hci_cmd_sync __hci_cmd_sync_ev mlx4_alloc_cmd_mailbox xenbus_read: anything; error
  crypto_alloc_base crypto_alloc_rng crypto_alloc_kpp crypto_alloc_akcipher: anything; error
  crypto_alloc_acomp crypto_alloc_sync_skcipher crypto_attr_alg_name: anything; error
  key_alloc keyring_alloc request_key_tag request_key_with_auxdata: anything; error
  mbox_request_channel mbox_request_channel_byname: anything; error
  kthread_create_worker kthread_create_worker_on_cpu kthread_create_on_cpu: anything; error
  usb_get_function usb_get_function_instance usb_gstrings_attach: anything; error
  usb_get_phy devm_usb_get_phy devm_usb_get_phy_by_phandle: anything; error
  usb_role_switch_register typec_register_port typec_register_partner typec_register_cable: anything; error
  ubi_open_volume ubi_open_volume_nm ubi_open_volume_path: anything; error
  get_mtd_device get_mtd_device_nm of_get_mtd_device_by_node: anything; error
  vb2_create_framevec v4l2_m2m_init v4l2_m2m_ctx_init: anything; error
  __v4l2_async_nf_add_fwnode __v4l2_async_nf_add_fwnode_remote __v4l2_async_nf_add_i2c: anything; error
  cec_allocate_adapter media_request_get_by_fd: anything; error
  iommu_group_alloc iommu_sva_bind_device: anything; error
  mux_control_get devm_mux_control_get devm_mux_state_get mux_chip_alloc devm_mux_chip_alloc: anything; error
  devm_extcon_dev_allocate extcon_get_edev_by_phandle: anything; error
  devfreq_add_device devm_devfreq_add_device devfreq_recommended_opp: anything; error
  dev_pm_opp_find_freq_ceil dev_pm_opp_find_freq_floor dev_pm_opp_find_freq_exact: anything; error
  dev_pm_opp_get_opp_table: anything; error
  devm_iio_channel_get_all iio_channel_get_all iio_channel_get_all_cb: anything; error
  devm_fwnode_iio_channel_get_by_name: anything; error
  fwnode_gpiod_get_index devm_fwnode_gpiod_get_index gpiochip_request_own_desc: anything; error
  devm_gpiod_get_array gpiod_get_array: anything; error
  fpga_mgr_get of_fpga_mgr_get fpga_bridge_get of_fpga_bridge_get: anything; error
  of_led_get devm_of_led_get qcom_smem_get slim_get_device tee_client_open_context: anything; error
  devm_of_iomap of_io_request_and_map devm_pci_remap_cfg_resource devm_ioremap_resource_wc: anything; error
  __reset_control_get __devm_reset_control_get: anything; error null
  devm_reset_control_array_get of_reset_control_array_get: anything; error null
  devm_gpiod_get_array_optional gpiod_get_array_optional: anything; error null
  icc_get of_icc_get devm_of_icc_get __skb_gso_segment: anything; error null
  dev_pm_domain_attach_by_name dev_pm_domain_attach_by_id: anything; error null
  fwnode_typec_mux_get fwnode_typec_switch_get: anything; error null
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
