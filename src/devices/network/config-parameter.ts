import { type Infer, openEnum, struct, u32 } from '../../wire/index.ts'

/** Kinds of values. Source: Linux include/linux/rndis.h (RNDIS_CONFIG_PARAM_TYPE_*). */
export const RndisConfigParameterType = { Integer: 0, String: 2 } as const

/** OID_GEN_RNDIS_CONFIG_PARAMETER: a named value; name and value are UTF-16 and lie where their offsets, from here, say. */
export const RndisConfigParameter = /* @__PURE__ */ struct(
  'RndisConfigParameter',
  {
    /** Where the name is: bytes from this structure's start. */
    nameOffset: u32,
    /** Bytes of the name. */
    nameLength: u32,
    /** How the value is to be read. */
    valueType: openEnum('RndisConfigParameterType', u32, RndisConfigParameterType),
    /** Where the value is: bytes from this structure's start. */
    valueOffset: u32,
    /** Bytes of the value. */
    valueLength: u32,
  },
  { size: 20, aliases: { linux: 'rndis_config_parameter_info' } },
)
export interface RndisConfigParameter extends Infer<typeof RndisConfigParameter> {}
