import { CpuidVersion } from '../hypercall/cpuid-leaves.ts'
import { privilegeMask } from '../hypercall/privileges.ts'
import { CommonRegister, type RegisterArchitecture } from '../hypercall/registers/index.ts'
import type { Information } from './information.ts'
import { type RegisterContents, register64 } from './register-contents.ts'

/** What a guest that talks VMBus needs, and no more. Source: Linux arch/arm64/hyperv/mshyperv.c, drivers/hv/hv.c. */
export const guestPrivileges = /* @__PURE__ */ privilegeMask([
  'accessPartitionReferenceCounter',
  'accessSynicRegs',
  'accessHypercallMsrs',
  'accessVpIndex',
  'postMessages',
  'signalEvents',
])

/** Version of a hypervisor, as Linux prints it: major.minor.build.serviceNumber-servicePack-serviceBranch. */
export interface HypervisorVersion {
  readonly major: number
  readonly minor: number
  readonly build: number
  readonly serviceNumber: number
  readonly servicePack: number
  readonly serviceBranch: number
}

/** What a guest is told of the hypervisor. */
export interface GuestIdentity {
  /** Default: a Windows Server 2022, 10.0.20348.1000-1-0. */
  readonly version?: HypervisorVersion
  /** Default {@link guestPrivileges}. */
  readonly privileges?: bigint
  /** Whether the guest may report its crash. Default true. */
  readonly crashRegisters?: boolean
  /** What the guest is recommended, HvRegisterFeaturesInfo. Default nothing. */
  readonly hints?: bigint
}

const defaultVersion = { major: 10, minor: 0, build: 20_348, serviceNumber: 1000, servicePack: 1, serviceBranch: 0 }

/** Bit of the crash registers in the word of features. Source: Linux include/hyperv/hvgdk_mini.h, hvhdk.h. */
const crashFeature: Readonly<Record<RegisterArchitecture, bigint>> = { x64: 1n << 42n, arm64: 1n << 8n }

/** The registers that tell it. Their contents are those of the CPUID leaves 0x40000002 to 0x40000004. */
export function informationOf(identity: GuestIdentity, architecture: RegisterArchitecture): Information {
  const { version = defaultVersion, crashRegisters = true, hints = 0n } = identity
  const leaf = CpuidVersion.encode({
    buildNumber: version.build,
    ebx: { minorVersion: version.minor, majorVersion: version.major },
    servicePack: version.servicePack,
    edx: { serviceNumber: version.serviceNumber, serviceBranch: version.serviceBranch },
  })
  const view = new DataView(leaf.buffer, leaf.byteOffset, leaf.byteLength)
  const features = crashRegisters ? crashFeature[architecture] : 0n
  return new Map<number, RegisterContents>([
    [CommonRegister.HvRegisterHypervisorVersion, { low: view.getBigUint64(0, true), high: view.getBigUint64(8, true) }],
    [CommonRegister.HvRegisterPrivilegesAndFeaturesInfo, { low: 0n, high: features }],
    [CommonRegister.HvRegisterFeaturesInfo, register64(hints)],
  ])
}
