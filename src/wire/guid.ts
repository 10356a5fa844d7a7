import type { Guid } from './guid-text.ts'
import { WireSchema } from './schema.ts'

/** A GUID of 16 bytes in Microsoft's order (first three groups little-endian); its value is canonical lower-case text. */
export class GuidSchema extends WireSchema<Guid> {
  readonly kind = 'guid'
  readonly size = 16
}

/** A GUID field. */
export const guidField: GuidSchema = /* @__PURE__ */ new GuidSchema()
