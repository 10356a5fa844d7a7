import { type CpioEntry, cpioArchive } from './cpio.ts'
import type { KernelModule } from './modules.ts'

/** What the guest's console says once it takes commands. */
export const readyMark = '@@ready@@'

/**
 * The first program: it mounts what a system has, loads the modules that the command line names (`vmbus_modules=a,b`, which the
 * kernel hands on as a variable), and then runs commands that come by the console (see `guest-console.ts`).
 */
const init = `#!/bin/busybox sh
export PATH=/bin:/sbin HOME=/ TERM=\${TERM:-vt100}
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
stty raw -echo
read -r uptime rest </proc/uptime
echo "@@init $uptime@@"
IFS=,
for module in $vmbus_modules; do
  insmod /modules/$module.ko || echo "@@failed $module@@"
done
unset IFS
newline='
'
separator=$(printf '\\037')
echo '${readyMark}'
while :; do
  read -r id what text || continue
  case "$what" in
    run)
      (eval "\${text//$separator/$newline}") </dev/null >/tmp/.output 2>&1
      status=$? output=
      [ -s /tmp/.output ] && output=$(base64 -w 0 /tmp/.output)
      echo "@@done $id $status $output@@"
      ;;
    shell)
      stty sane
      setsid cttyhack sh
      stty raw -echo
      echo "@@done $id 0 @@"
      ;;
  esac
done
`

/** The shutdown request makes the kernel run this. With no other init to ask, the machine is simply switched off. */
const powerOff = '#!/bin/busybox sh\nexec /bin/busybox poweroff -f\n'

/** An initramfs: busybox, the modules in /modules, and what runs them. Not compressed, which costs more than it saves here. */
export function initramfs(busybox: Uint8Array, modules: readonly KernelModule[]): Uint8Array {
  const folder = (path: string): CpioEntry => ({ kind: 'folder', path })
  const script = (path: string, text: string): CpioEntry => {
    return { kind: 'file', path, data: new TextEncoder().encode(text), executable: true }
  }
  return cpioArchive([
    ...['bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'modules'].map(folder),
    // What the first program has as its input and output, before there is a devtmpfs.
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', data: busybox, executable: true },
    script('init', init),
    script('sbin/poweroff', powerOff),
    ...modules.map(({ name, data }): CpioEntry => ({ kind: 'file', path: `modules/${name}.ko`, data })),
  ])
}
