import { expect, it } from 'vitest'
import { Gateway, NetworkSwitch, NetworkVsp } from '../../src/vsp/network/index.ts'
import { reportLine, withGuest } from './with-guest.ts'

/** What busybox's DHCP client runs when it has an address. */
const leaseScript = `cat >/tmp/lease <<'END'
#!/bin/sh
[ "$1" = bound ] || exit 0
ifconfig $interface $ip netmask $subnet
route add default gw $router dev $interface
echo "nameserver $dns" >/etc/resolv.conf
echo "bound $ip $subnet $router $dns $domain"
END
chmod +x /tmp/lease`

it('the kernel gets its address by DHCP from the gateway, pings it, and resolves names', () => {
  const gateway = new Gateway({ hosts: { 'example.test': '10.0.0.77' } })
  const lan = new NetworkSwitch()
  lan.plug(gateway)
  const nic = new NetworkVsp({ backend: lan, macAddress: '00:15:5d:0a:00:01' })
  return withGuest({ offers: [nic] }, async (guest) => {
    await guest.opened(nic)
    await guest.run(leaseScript)
    const { output } = await guest.run('ifconfig eth0 up; udhcpc -i eth0 -n -q -f -t 5 -s /tmp/lease 2>&1')
    expect(output).toContain('bound 10.0.0.100 255.255.255.0 10.0.0.1 10.0.0.1 test')
    expect(gateway.leases).toEqual(new Map([['00:15:5d:0a:00:01', '10.0.0.100']]))
    const ping = await guest.run('ping -c 3 -i 0.2 10.0.0.1')
    expect(ping).toMatchObject({ status: 0 })
    expect(ping.output).toContain('3 packets received, 0% packet loss')
    // Behind the gateway everyone is there.
    expect((await guest.run('ping -c 1 -s 1400 8.8.8.8')).status).toBe(0)
    const name = await guest.run('nslookup example.test 2>&1; nslookup nowhere.test 2>&1')
    expect(name.output).toContain('10.0.0.77')
    const [round] = /= [\d./]+ ms/.exec(ping.output) ?? []
    reportLine(`network: NVSP ${nic.version?.toString(16)}, ping ${round ?? ''}`)
  })
})
