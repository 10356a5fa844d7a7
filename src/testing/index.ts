/**
 * For tests of your own: values of any schema for fast-check, and the suites that every transport, VSP and VSC must pass.
 *
 * @module
 */
export { arbitraryOf } from './arbitrary.ts'
export { BareVsc, BareVsp, type TestedVsc, type TestedVsp, testBus } from './device-rig.ts'
export type { Expectation, TestApi } from './test-api.ts'
export type { TransportUnderTest } from './transport-probe.ts'
export { transportSuite } from './transport-suite.ts'
export { type VscUnderTest, vscSuite } from './vsc-suite.ts'
export { type VspUnderTest, vspSuite } from './vsp-suite.ts'
