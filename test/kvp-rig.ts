import { KvpAddressFamily, type KvpIpInfo } from '../src/devices/kvp/index.ts'
import { toHex } from '../src/wire/index.ts'
import { header } from './ics-rig.ts'

/** Versions 4.0 and 5.0, as a guest chooses them. */
export const v4 = '04000000'
export const v5 = '05000000'

/** A message of the component's: a request of the host's, or the guest's answer. */
export function kvp(body: Uint8Array, options: Parameters<typeof header>[2] = {}): string {
  return `${header(2, body.length, { transactionId: 1, ...options })}${toHex(body)}`
}

export const adapterId = '{2f3a1c5e-0000-4000-8000-00155d010203}'
export const settings: KvpIpInfo = {
  addressFamily: KvpAddressFamily.Both,
  isDhcpEnabled: true,
  addresses: [
    { address: '10.0.0.2', subnet: '255.255.255.0' },
    { address: 'fe80::1', subnet: '/64' },
  ],
  gateways: ['10.0.0.1', 'fe80::2'],
  dnsServers: ['10.0.0.3', '2001:db8::8:800:200c:417a'],
}
