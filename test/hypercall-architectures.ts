import { type HypercallDefinition, onArm64 } from '../src/hypercall/index.ts'

/** A call with the architectures on which it has this form. */
type Form = readonly [name: string, definition: HypercallDefinition, architectures: readonly ('x64' | 'arm64')[]]

/** Each call in all its forms: one of which a block is another on ARM64 stands there twice. */
export function onEach(calls: readonly HypercallDefinition[]): readonly Form[] {
  return calls.flatMap((definition): Form[] => {
    const { name, inputArm64, elementArm64, outputArm64 } = definition
    if ((inputArm64 ?? elementArm64 ?? outputArm64) === undefined) return [[name, definition, ['x64', 'arm64']]]
    return [
      [name, definition, ['x64']],
      [`${name} on ARM64`, onArm64(definition), ['arm64']],
    ]
  })
}
