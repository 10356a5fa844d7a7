import { describe, expect, it } from 'vitest'
import { NvspVersion } from '../../src/devices/network/index.ts'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { ChannelMessage } from '../../src/vmbus/messages.ts'
import { Gateway, NetworkSwitch, NetworkVsp, type TransmitFrame } from '../../src/vsp/network/index.ts'
import { isShort, reportLine, withGuest } from './with-guest.ts'

/** What busybox's DHCP client runs when it has an address. */
const leaseScript = `cat >/tmp/lease <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
route add default gw $router dev $interface
echo "bound $ip $subnet $router $dns $domain"
END
chmod +x /tmp/lease`

/** A switch that counts what comes by which channel. */
class CountingSwitch extends NetworkSwitch {
  readonly queues = new Map<number, number>()
  override transmit(frame: TransmitFrame, nic: Parameters<NetworkSwitch['transmit']>[1]): void {
    this.queues.set(frame.queue, (this.queues.get(frame.queue) ?? 0) + 1)
    super.transmit(frame, nic)
  }
}

/** Bytes that go each way. */
const mebibytes = isShort ? 8 : 64

/** Gives a NIC of the guest's an address by DHCP; answers what busybox's client says. */
async function lease(guest: LinuxGuest, device: string): Promise<string> {
  await guest.run(leaseScript)
  const { output } = await guest.run(`ifconfig ${device} up; udhcpc -i ${device} -n -q -f -t 5 -s /tmp/lease 2>&1`)
  return output
}

describe('a NIC', () => {
  it('the kernel gets its address by DHCP from the gateway, pings it, and resolves names', () => {
    const gateway = new Gateway({ hosts: { 'example.test': '10.0.0.77' } })
    const lan = new NetworkSwitch()
    lan.plug(gateway)
    const nic = new NetworkVsp({ backend: lan, macAddress: '00:15:5d:0a:00:01' })
    return withGuest({ offers: [nic] }, async (guest) => {
      await guest.opened(nic)
      expect(await lease(guest, 'eth0')).toContain('bound 10.0.0.100 255.255.255.0 10.0.0.1 10.0.0.1 test')
      expect(gateway.leases).toEqual(new Map([['00:15:5d:0a:00:01', '10.0.0.100']]))
      const ping = await guest.run('ping -c 3 -i 0.2 10.0.0.1')
      expect(ping).toMatchObject({ status: 0 })
      expect(ping.output).toContain('3 packets received, 0% packet loss')
      // Behind the gateway everyone is there.
      expect((await guest.run('ping -c 1 -s 1400 8.8.8.8')).status).toBe(0)
      expect((await guest.run('nslookup example.test 10.0.0.1 2>&1')).output).toContain('10.0.0.77')
      expect((await guest.run('nslookup nowhere.test 10.0.0.1 2>&1')).output).toContain('NXDOMAIN')
      expect(nic.version).toBe(NvspVersion.V61)
      const [round] = /= [\d./]+ ms/.exec(ping.output) ?? []
      reportLine(`network: NVSP 6.1, ping ${round ?? ''}`)
    })
  })

  it('is set up anew for another MTU, let go of and taken again, and its cable is pulled', () => {
    const lan = new NetworkSwitch()
    lan.plug(new Gateway())
    const nic = new NetworkVsp({ backend: lan, macAddress: '00:15:5d:0a:00:01' })
    return withGuest({ offers: [nic] }, async (guest) => {
      await guest.opened(nic)
      expect(await lease(guest, 'eth0')).toContain('bound 10.0.0.100')
      const halted = new Promise<void>((resolve) => nic.once('halted', resolve))
      expect((await guest.run('ip link set eth0 mtu 4000 && ip link set eth0 up')).status).toBe(0)
      await guest.within(30_000, 'the driver did not halt', halted)
      expect((await guest.run('ping -c 2 -i 0.2 -s 3900 10.0.0.1')).status).toBe(0)
      expect(nic.save().mtu).toBe(4014)

      const id = nic.offer.instanceId
      const driver = '/sys/bus/vmbus/drivers/hv_netvsc'
      expect((await guest.run(`echo ${id} >${driver}/unbind && [ ! -d /sys/class/net/eth0 ]`)).status).toBe(0)
      expect((await guest.run(`echo ${id} >${driver}/bind && sleep 1 && [ -d /sys/class/net/eth0 ]`)).status).toBe(0)
      expect(await lease(guest, 'eth0')).toContain('bound 10.0.0.100')

      nic.setLink(false)
      expect((await guest.run('sleep 3; cat /sys/class/net/eth0/carrier')).output).toBe('0\n')
      nic.setLink(true)
      expect((await guest.run('sleep 3; cat /sys/class/net/eth0/carrier')).output).toBe('1\n')
      expect((await guest.run('ping -c 2 -i 0.2 10.0.0.1')).status).toBe(0)
    })
  })
})

describe('two NICs of one guest, each in a network of its own', () => {
  it(`move ${mebibytes} MiB over TCP each way through the switch, on several channels`, { timeout: 900_000 }, () => {
    const lan = new CountingSwitch()
    const nics = [1, 2].map(
      (number) => new NetworkVsp({ backend: lan, macAddress: `00:15:5d:0a:00:0${number}`, queues: 8 }),
    )
    return withGuest({ offers: nics, smp: isShort ? 1 : 2 }, async (guest) => {
      for (const nic of nics) await guest.opened(nic)
      const setUp = await guest.run(`set -e
dd if=/dev/urandom of=/tmp/data bs=1M count=${mebibytes} 2>/dev/null
mkfifo /tmp/open; sleep 1000 >/tmp/open &
unshare -n sleep 1000 & echo $! >/tmp/pid
sleep 1
ip link set eth1 netns $(cat /tmp/pid)
ip addr add 10.1.0.1/24 dev eth0; ip link set eth0 up
nsenter -t $(cat /tmp/pid) -n sh -c 'ip addr add 10.1.0.2/24 dev eth1; ip link set eth1 up'
sleep 1
ping -c 1 10.1.0.2 >/dev/null`)
      expect(setUp.status).toBe(0)
      const there = 'nsenter -t $(cat /tmp/pid) -n'
      const seconds: number[] = []
      for (const [listen, send, address] of [
        [there, '', '10.1.0.2'],
        ['', there, '10.1.0.1'],
      ]) {
        const started = performance.now()
        const { output } = await guest.run(
          `${listen} sh -c 'nc -l -p 5000 </tmp/open | cmp - /tmp/data && echo same >/tmp/result' & sleep 0.5
${send} sh -c 'nc ${address} 5000 </tmp/data' && wait $! && cat /tmp/result && rm /tmp/result`,
          { timeout: 400_000 },
        )
        expect(output).toBe('same\n')
        seconds.push((performance.now() - started) / 1000 - 0.5)
      }
      if (!isShort) {
        expect(nics.map(({ channels }) => channels.size)).toEqual([2, 2])
        expect(nics.every((nic) => nic.save().rss !== undefined)).toBe(true)
        expect((await guest.run('ls -d /sys/class/net/eth0/queues/rx-* | wc -l')).output).not.toBe('0\n')
      }
      const rate = seconds.map((time) => (mebibytes / time).toFixed(1)).join(' and ')
      const frames = nics.reduce((sum, { statistics }) => sum + statistics.receivedFrames, 0)
      const queues = [...lan.queues].map(([queue, count]) => `${count} by channel ${queue}`).join(', ')
      reportLine(`network: ${mebibytes} MiB each way at ${rate} MiB/s, ${frames} frames (${queues})`)
    })
  })
})

describe('a NIC that comes and goes while the guest runs', () => {
  const rounds = isShort ? 2 : 6

  it(`is added, used, and taken away under load ${rounds} times, then ${rounds} times at once, at rest`, {
    timeout: 900_000,
  }, () => {
    const lan = new NetworkSwitch()
    const hub = new NetworkVsp({ backend: lan, macAddress: '00:15:5d:0b:00:01' })
    return withGuest({ offers: [hub], smp: isShort ? 1 : 2 }, async (guest) => {
      const released = releases(guest)
      await guest.opened(hub)
      await guest.run(`ip addr add 10.1.0.1/24 dev eth0; ip link set eth0 up
unshare -n sleep 100000 & echo $! >/tmp/pid
mkfifo /tmp/open; sleep 100000 >/tmp/open &
(while true; do nc -l -p 5000 </tmp/open >/dev/null; done) >/dev/null 2>&1 &
(while true; do nc -l -p 5001 </dev/zero >/dev/null; done) >/dev/null 2>&1 &
sleep 1`)
      const there = 'nsenter -t $(cat /tmp/pid) -n'
      const took: number[] = []
      for (let round = 0; round < 2 * rounds; round++) {
        const isAtRest = round >= rounds
        const nic = new NetworkVsp({ backend: lan, macAddress: `00:15:5d:0b:01:${String(round).padStart(2, '0')}` })
        guest.host.offer(nic)
        await guest.opened(nic)
        const setUp =
          await guest.run(`for i in $(seq 100); do ls /sys/class/net | grep -q 'eth[1-9]' && break; sleep 0.2; done
device=$(ls /sys/class/net | grep 'eth[1-9]'); sleep 0.5; ip link set $device netns $(cat /tmp/pid)
${there} sh -c "ip link set $device up; ip addr add 10.1.0.2/24 dev $device"; sleep 1
${there} sh -c 'nc 10.1.0.1 5000 </dev/zero >/dev/null 2>&1 & nc 10.1.0.1 5001 </tmp/open >/dev/null 2>&1 &
ping -s 30000 -i 0.002 10.1.0.1 >/dev/null 2>&1 & ping -i 0.01 10.1.0.1 >/dev/null 2>&1 &'
sleep 2${isAtRest ? '; killall ping nc; sleep 1' : ''}`)
        expect(setUp.status).toBe(0)
        expect(nic.statistics.transmittedFrames).toBeGreaterThan(50)
        expect(nic.statistics.receivedFrames).toBeGreaterThan(50)
        if (!isShort) expect(nic.channels.size).toBe(2)
        const started = performance.now()
        const gone = released(nic.channel?.channelId)
        // At once is what Linux bears only while it has nothing in flight: docs/network.md.
        if (isAtRest) guest.host.revoke(nic)
        else await nic.eject()
        await guest.within(30_000, 'the guest did not let go of the NIC', gone)
        took.push(performance.now() - started)
        expect([nic.isOffered, nic.channels.size]).toEqual([false, 0])
        await guest.run('killall ping nc; sleep 0.2')
        expect((await guest.run(`${there} grep -c eth /proc/net/dev`)).output).toBe('0\n')
      }
      // Nothing holds the kernel's lock on network devices.
      expect((await guest.run('ip addr add 10.1.0.9/24 dev eth0')).status).toBe(0)
      const [underLoad, atRest] = [took.slice(0, rounds), took.slice(rounds)].map((all) => Math.max(...all).toFixed(0))
      reportLine(
        `network: a NIC taken away under load (${underLoad} ms at most) and at once (${atRest} ms), ${rounds} times each`,
      )
    })
  })
})

/** A promise for when the guest releases a channel. */
function releases(guest: LinuxGuest): (channelId: number | undefined) => Promise<void> {
  const waiting = new Map<number, () => void>()
  guest.events.on('message', ({ bytes, direction }) => {
    const message = direction === 'received' ? ChannelMessage.decode(bytes) : undefined
    if (message?.type === 'RelIdReleased') waiting.get(message.channelId)?.()
  })
  return (channelId = 0) => new Promise((resolve) => waiting.set(channelId, resolve))
}
