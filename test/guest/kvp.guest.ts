import { describe, expect, it } from 'vitest'
import { IcStatus } from '../../src/devices/ics/index.ts'
import { KvpAddressFamily, type KvpPair, KvpPool } from '../../src/devices/kvp/index.ts'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { isIcRequestError, KvpVsp } from '../../src/vsp/kvp.ts'
import { VssVsp } from '../../src/vsp/vss.ts'
import { isShort, withGuest } from './with-guest.ts'

/**
 * The daemon that Linux's KVP driver wants: it says that it is there (operation 100), and then answers messages of 7432 bytes from files.
 * Texts are UTF-8 here; the first four bytes of an answer are its status. Source: Linux include/uapi/linux/hyperv.h, drivers/hv/hv_kvp.c.
 */
const kvpDaemon = `
exec 3<>/dev/vmbus/hv_kvp
cd /tmp
piece() { tail -c +$(($1 + 1)) message | head -c $2; }
text() { piece $1 $2 | tr -d '\\0'; }
number() { hexdump -s $1 -n $2 -e '/4 "%u"' message; }
padded() { { printf '%s' "$1"; head -c $2 /dev/zero; } | head -c $2; }
send() { { cat; head -c 7432 /dev/zero; } | head -c 7432 >answer; dd if=answer bs=7432 count=1 >&3 2>/dev/null; }
receive() { dd bs=7432 count=1 <&3 >message 2>/dev/null; }
none() { printf '\\003\\001\\007\\200' | send; }
done_() { printf '\\0\\0\\0\\0' | send; }
printf '\\144' | send
receive
while receive && [ -s message ]; do
  operation=$(hexdump -n 1 -e '/1 "%u"' message)
  pool=pool$(hexdump -s 1 -n 1 -e '/1 "%u"' message)
  mkdir -p $pool
  case $operation in
  0) if [ -f "$pool/$(text 16 512)" ]; then { printf '\\0\\0\\0\\0'; head -c 524 /dev/zero; cat "$pool/$(text 16 512)"; } | send; else none; fi ;;
  1) text 528 2048 >"$pool/$(text 16 512)"; done_ ;;
  2) if rm "$pool/$(text 8 512)"; then done_; else none; fi ;;
  3) set -- $pool/*
     shift $(number 4 4) && [ -f "$1" ] || { none; continue; }
     { printf '\\0\\0\\0\\0'; head -c 16 /dev/zero; padded "\${1#*/}" 512; cat "$1"; } | send ;;
  4) [ "$(text 4 256)" = 00:15:5D:01:02:03 ] || { printf '\\005\\100\\000\\200' | send; continue; }
     { printf '\\0\\0\\0\\0'; padded 00:15:5D:01:02:03 256; printf '\\001\\001'
       padded '10.0.0.2;10.0.0.3;' 2048; padded '255.0.0.0;255.255.0.0;' 2048; padded 10.0.0.1 1024; padded '1.1.1.1;' 2048; } | send ;;
  5) { text 4 256; echo; text 262 2048; echo; text 2310 2048; echo; text 4358 1024; echo; text 5382 2048; } >adapter; done_ ;;
  esac
done
`

/** The daemon that Linux's backup driver wants: messages of 12 bytes, operation 129 first. Source: Linux drivers/hv/hv_snapshot.c. */
const vssDaemon = `
exec 3<>/dev/vmbus/hv_vss
cd /tmp
printf '\\201\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' >register
dd if=register bs=12 count=1 >&3 2>/dev/null
dd bs=4 count=1 <&3 >version 2>/dev/null
while dd bs=12 count=1 <&3 >request 2>/dev/null && [ -s request ]; do
  hexdump -n 1 -e '/1 "%u "' request >>operations
  head -c 12 /dev/zero >reply
  dd if=reply bs=12 count=1 >&3 2>/dev/null
done
`

/** Starts a script in the guest, which goes on behind what else is done. */
async function start(guest: LinuxGuest, name: string, script: string): Promise<void> {
  const { status, output } = await guest.run(
    `cat >/tmp/${name} <<'END'\n${script}\nEND\nsh /tmp/${name} >/tmp/${name}.log 2>&1 &`,
  )
  expect([status, output]).toEqual([0, ''])
}

async function all(pairs: AsyncIterable<KvpPair>): Promise<KvpPair[]> {
  const list: KvpPair[] = []
  for await (const pair of pairs) list.push(pair)
  return list
}

/** The status with which a request is refused. */
async function refusal(request: Promise<unknown>): Promise<number | undefined> {
  try {
    await request
  } catch (error) {
    if (isIcRequestError(error)) return error.status
    throw error
  }
  throw new Error('it was not refused')
}

describe.skipIf(isShort)('the components that want a daemon', () => {
  it('[B220][B221] pairs and IP settings go through the kernel to a daemon, and back', () => {
    const kvp = new KvpVsp()
    return withGuest({ offers: [kvp] }, async (guest) => {
      // Asked before there is a daemon: the kernel puts off the negotiation.
      const first = kvp.set(KvpPool.External, 'colour', 'blau ☺')
      await start(guest, 'kvpd', kvpDaemon)
      await guest.within(30_000, 'no pair was taken', first)
      await kvp.set(KvpPool.External, 'count', 0xffff_ffff)
      await kvp.set(KvpPool.External, 'size', (1n << 64n) - 1n)
      expect(kvp.agreed?.message).toBe(0x4_0000)
      expect(await all(kvp.enumerate(KvpPool.External))).toEqual([
        { key: 'colour', value: 'blau ☺' },
        { key: 'count', value: '4294967295' },
        { key: 'size', value: '18446744073709551615' },
      ])
      // The kernel looks for the value where an enumeration has it, 4 bytes further on (drivers/hv/hv_kvp.c, kvp_respond_to_host).
      expect(await kvp.get(KvpPool.External, 'colour')).toBe('blau ☺'.slice(4))
      await kvp.delete(KvpPool.External, 'colour')
      expect(await refusal(kvp.delete(KvpPool.External, 'colour'))).toBe(IcStatus.NoMoreItems)
      expect((await all(kvp.enumerate(KvpPool.External))).map(({ key }) => key)).toEqual(['count', 'size'])

      expect(await kvp.getIpInfo('00:15:5D:01:02:03')).toEqual({
        addressFamily: KvpAddressFamily.Ipv4,
        isDhcpEnabled: true,
        addresses: [
          { address: '10.0.0.2', subnet: '255.0.0.0' },
          { address: '10.0.0.3', subnet: '255.255.0.0' },
        ],
        gateways: ['10.0.0.1'],
        dnsServers: ['1.1.1.1'],
      })
      expect(await refusal(kvp.getIpInfo('00:15:5D:01:02:04'))).toBe(IcStatus.Fail)
      await kvp.setIpInfo('{2f3a1c5e-0000-4000-8000-00155d010203}', {
        addressFamily: KvpAddressFamily.Both,
        isDhcpEnabled: false,
        addresses: [
          { address: '10.0.0.4', subnet: '255.255.255.0' },
          { address: 'fe80::4', subnet: '/64' },
        ],
        gateways: ['10.0.0.1'],
        dnsServers: ['1.1.1.1', '8.8.8.8'],
      })
      expect((await guest.run('cat /tmp/adapter')).output.split('\n')).toEqual([
        '{2f3a1c5e-0000-4000-8000-00155d010203}',
        '10.0.0.4;fe80::4',
        '255.255.255.0;/64',
        '10.0.0.1',
        '1.1.1.1;8.8.8.8',
      ])
      expect(kvp.unanswered).toBe(0)
    })
  })

  it('[B221] a backup: refused without a daemon, frozen and thawed by one', () => {
    const vss = new VssVsp()
    return withGuest({ offers: [vss] }, async (guest) => {
      expect(await guest.within(30_000, 'no answer', refusal(vss.freeze()))).toBe(IcStatus.Fail)
      await start(guest, 'vssd', vssDaemon)
      await guest.run('i=0; until [ -s /tmp/version ] || [ $((i += 1)) = 100 ]; do usleep 50000; done')
      // The kernel means to answer 5, but asks for the operation where the daemon has put its status (drivers/hv/hv_snapshot.c, vss_on_msg).
      expect(await vss.hotBackup()).toBe(0)
      expect(await vss.directMappedInfo()).toBe(0)
      await vss.freeze()
      await vss.thaw()
      expect((await guest.run('cat /tmp/operations')).output.trim()).toBe('2 5 6')
    })
  })
})
