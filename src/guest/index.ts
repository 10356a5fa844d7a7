/**
 * A stock Linux kernel as the guest: booted in QEMU, served by VSPs. Needs Node on a host that runs `qemu-system-aarch64`.
 *
 * @module
 */

export { cachedKernels, type DebianKernel, debianKernel } from './assets/kernels.ts'
export type { KernelModule } from './assets/modules.ts'
export { type CommandResult, type ConsoleEvents, GuestConsole } from './guest-console.ts'
export {
  GuestError,
  LinuxGuest,
  type LinuxGuestEvents,
  type LinuxGuestOptions,
  type OpenableDevice,
} from './linux-guest.ts'
export { GuestSetupError } from './setup-error.ts'
