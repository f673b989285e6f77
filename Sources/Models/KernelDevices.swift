// SPDX-License-Identifier: Apache-2.0

// What functions of the Linux kernel do that drivers call on text, registers, buses, packets and counted
// objects, in the vocabulary of docs/models.md, from the kernel's own documentation.

/// Documentation/core-api/kernel-api.rst, "String Conversions" and "String Manipulation".
let kernelText = """
  strscpy sized_strscpy: instead; string 1 #2; strlcpy 0 1 #2; ret -7..2147483647
  strscpy_pad: instead; string 1 #2; write 0 #2; strlcpy 0 1 #2; ret -7..2147483647
  strim: clobber 0; ret within 0 always
  skip_spaces: string 0; ret within 0 always
  strreplace: clobber 0
  sysfs_streq: string 0; string 1; ret 0..1
  match_string: string 2; ret -22..2147483647
  memzero_explicit: instead; write 0 #1; zero 0 #1
  memchr_inv: ret inside 0 #2
  scnprintf: printbounded 0 #1 2 3
  vscnprintf: printbounded 0 #1 2 -1
  kstrtoint kstrtouint: instead; string 0; write 2 4; ret -34..0
  kstrtou16 kstrtos16: instead; string 0; write 2 2; ret -34..0
  kstrtou8 kstrtos8: instead; string 0; write 2 1; ret -34..0
  kstrtoull kstrtoll: instead; string 0; write 2 8; ret -34..0
  kstrtoul kstrtol: instead; string 0; clobber 2; ret -34..0
  kstrtobool: instead; string 0; write 1 1; ret -22..0
  simple_strtoul simple_strtol simple_strtoull simple_strtoll: string 0; clobber 1
  hex_to_bin: ret -1..15
  hex2bin: write 0 #2; ret -22..0
  bin2hex: read 1 #2; clobber 0
  memory_read_from_buffer: write 0 #1; clobber 2; ret -22..2147483647
  seq_puts: string 1; clobber 0
  seq_write: clobber 0; leak 1 #2; ret -1..0
  seq_putc: clobber 0
  """

/// Documentation/driver-api: device-io.rst, regmap, firmware, properties.
let kernelDevices = """
  memcpy_fromio: instead; clobber 0
  memcpy_toio: instead; pure
  memset_io: instead; pure
  ioread8: ret 0..255
  ioread16 ioread16be: ret 0..65535
  ioread32 ioread32be: pure
  iowrite8 iowrite16 iowrite32 iowrite16be iowrite32be: pure
  platform_get_irq platform_get_irq_optional: ret -4095..2147483647
  platform_get_irq_byname: string 1; ret -4095..2147483647
  request_threaded_irq: keep 5; clobber 5; ret -4095..0
  devm_request_threaded_irq: keep 6; clobber 6; ret -4095..0
  regmap_read: write 2 4; ret -4095..0
  regmap_write: ret -4095..0
  regmap_raw_read: write 2 #3; ret -4095..0
  regmap_raw_write: read 2 #3; ret -4095..0
  regmap_bulk_read: clobber 2; ret -4095..0
  of_property_read_u32_index: string 1; write 3 4; ret -4095..0
  of_property_read_variable_u32_array device_property_read_u32_array: string 1; clobber 2
  request_firmware firmware_request_nowarn: clobber 0; string 1; ret -4095..0
  release_firmware: release 0
  idr_alloc idr_alloc_cyclic: keep 1; ret -28..2147483647
  ida_alloc_range: ret -28..2147483647
  radix_tree_insert: keep 2; ret -17..0
  """

/// Documentation/driver-api/usb, i2c.rst, spi.rst, Documentation/i2c/smbus-protocol.rst, Documentation/PCI.
let kernelBuses = """
  usb_control_msg: clobber 6; ret -4095..65535
  usb_control_msg_recv: write 6 #7; external 6 #7; ret -4095..0
  usb_control_msg_send: read 6 #7; ret -4095..0
  usb_bulk_msg usb_interrupt_msg: clobber 2; clobber 4; ret -4095..0
  usb_get_descriptor: write 3 #4; external 3 #4; ret -4095..65535
  usb_string: externaltext 2 #3; ret -4095..255
  i2c_master_recv: instead; write 1 #2; external 1 #2; ret -4095..65535
  i2c_master_send: instead; read 1 #2; ret -4095..65535
  i2c_smbus_read_byte i2c_smbus_read_byte_data: ret -4095..255
  i2c_smbus_read_word_data: ret -4095..65535
  i2c_smbus_write_byte i2c_smbus_write_byte_data i2c_smbus_write_word_data: ret -4095..0
  i2c_smbus_read_block_data: write 2 32; external 2 32; ret -4095..32
  i2c_smbus_write_block_data i2c_smbus_write_i2c_block_data: read 3 #2; ret -4095..0
  spi_write_then_read: read 1 #2; write 3 #4; external 3 #4; ret -4095..0
  pci_read_config_byte: write 2 1
  pci_read_config_word: write 2 2
  pci_read_config_dword: write 2 4
  pci_write_config_byte pci_write_config_word pci_write_config_dword: pure
  """

/// Documentation/networking/skbuff.rst, kernel-doc of include/linux/skbuff.h, include/net/netlink.h.
let kernelPackets = """
  alloc_skb __alloc_skb dev_alloc_skb netdev_alloc_skb __netdev_alloc_skb: instead; acquire counted
  napi_alloc_skb __napi_alloc_skb skb_clone skb_copy pskb_copy: instead; acquire counted
  skb_copy_expand: acquire counted
  build_skb: keep 0; acquire counted
  kfree_skb kfree_skb_reason __kfree_skb consume_skb: instead; put 0 counted
  dev_kfree_skb_any dev_kfree_skb_irq dev_kfree_skb_any_reason: instead; put 0 counted
  dev_consume_skb_any napi_consume_skb: instead; put 0 counted
  skb_get: instead; keep 0; ret 0
  skb_put: clobber 0
  skb_put_zero: instead; clobber 0; ret room #1
  skb_push: clobber 0
  skb_pull: clobber 0
  skb_trim: clobber 0
  skb_copy_bits: write 2 #3; external 2 #3; ret -14..0
  skb_store_bits: read 2 #3; clobber 0; ret -14..0
  skb_queue_tail skb_queue_head: keep 1; clobber 0
  netif_rx netif_receive_skb: keep 0; clobber 0; ret 0..1
  napi_gro_receive: keep 1; clobber 1
  eth_type_trans: clobber 0; ret 0..65535
  netlink_unicast: keep 1; clobber 1
  nla_memcpy: write 0 #2; external 0 #2; ret upto #2
  nla_strscpy: externaltext 0 #2; ret -7..65535
  nla_strdup: acquire memory
  """

/// Kernel-doc of include/net/netlink.h and genetlink.h, "Attribute Parsing".
///
/// Those that are called deprecated let attributes through of which the policy says nothing.
let kernelMessages = """
  nla_parse: instead; attributes 0 4 strict; ret -4095..0
  nla_parse_deprecated nla_parse_deprecated_strict __nla_parse: instead; attributes 0 4; ret -4095..0
  nla_parse_nested: instead; attributes 0 3 strict; ret -4095..0
  nla_parse_nested_deprecated: instead; attributes 0 3; ret -4095..0
  nlmsg_parse genlmsg_parse: instead; attributes 2 4 strict; ret -4095..0
  nlmsg_parse_deprecated nlmsg_parse_deprecated_strict __nlmsg_parse: instead; attributes 2 4; ret -4095..0
  genlmsg_parse_deprecated: instead; attributes 2 4; ret -4095..0
  """

/// Objects that count who holds them: kernel-doc of kref.h, kobject.h, device.h, usb.h, of.h, file.h.
let kernelReferences = """
  refcount_dec_and_test atomic_dec_and_test: instead; keep 0; clobber 0; counts; ret 0..1
  refcount_sub_and_test atomic_sub_and_test: instead; keep 1; clobber 1; counts; ret 0..1
  kref_put kref_put_mutex kref_put_lock: instead; keep 0; clobber 0; ret 0..1
  put_device kobject_put of_node_put fput: instead; keep 0; clobber 0
  get_device kobject_get of_node_get: instead; keep 0; ret 0
  usb_get_dev usb_get_intf usb_get_urb: keep 0; ret 0
  usb_put_dev usb_put_intf pci_dev_put tty_kref_put tty_driver_kref_put: keep 0; clobber 0
  usb_alloc_urb: acquire counted
  usb_free_urb: put 0 counted
  usb_submit_urb: keep 0; clobber 0; ret -4095..0
  usb_anchor_urb usb_unanchor_urb: keep 0; clobber 0
  usb_kill_urb usb_poison_urb usb_unlink_urb: clobber 0
  """
