import { describe } from 'vitest'
import { busTests, runOnHypervisor } from './on-hypervisor.ts'

describe('on a hypervisor', () => runOnHypervisor(busTests().bus))
