import { createBus } from '../src/index.ts'
import { VssVsc } from '../src/vsc/vss.ts'
import { VssVsp } from '../src/vsp/vss.ts'

/** The host copies a disk while the guest holds still. */
export async function main(): Promise<string[]> {
  const bus = createBus()
  const backup = new VssVsp()
  bus.host.offer(backup)
  const steps: string[] = []
  const freeze = async () => void steps.push('the guest writes what it has in memory, and stops')
  const thaw = () => void steps.push('the guest goes on')
  await bus.guest.attach(new VssVsc({ freeze, thaw }))

  await backup.hotBackup()
  await backup.freeze()
  steps.push('the host copies the disk')
  await backup.thaw()
  bus.close()
  return steps
}
