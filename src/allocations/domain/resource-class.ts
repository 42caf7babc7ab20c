/**
 * Invariant: a resource class is one of the standard ones or has the prefix `CUSTOM_`; no standard
 * one is ever added by callers, renamed or removed (sections 2 and 13.1).
 */

/** Every standard class; its position is the id of its row. */
export const STANDARD_CLASSES = [
  'VCPU',
  'MEMORY_MB',
  'DISK_GB',
  'PCI_DEVICE',
  'SRIOV_NET_VF',
  'NUMA_SOCKET',
  'NUMA_CORE',
  'NUMA_THREAD',
  'NUMA_MEMORY_MB',
  'IPV4_ADDRESS',
  'VGPU',
  'VGPU_DISPLAY_HEAD',
  'NET_BW_EGR_KILOBIT_PER_SEC',
  'NET_BW_IGR_KILOBIT_PER_SEC',
  'PCPU',
  'MEM_ENCRYPTION_CONTEXT',
  'FPGA',
  'PGPU',
  'NET_PACKET_RATE_KILOPACKET_PER_SEC',
  'NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC',
  'NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC',
] as const;

/** What the names of all classes and traits look like. */
export const NAME_PATTERN = '^[A-Z0-9_]+$';

/** What the names of those look like that callers add. */
export const CUSTOM_PATTERN = '^CUSTOM_[A-Z0-9_]+$';

/** Longest name of a class or a trait. */
export const LONGEST_NAME = 255;

const NAME = new RegExp(NAME_PATTERN);
const CUSTOM = new RegExp(CUSTOM_PATTERN);

/** Whether a text can be the name of a class or a trait at all; nothing else is looked up. */
export function isName(text: string): boolean {
  return text.length <= LONGEST_NAME && NAME.test(text);
}

/** Whether a text is the name of a class or a trait that callers may add. */
export function isCustomName(text: string): boolean {
  return text.length <= LONGEST_NAME && CUSTOM.test(text);
}
