import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Corrupt, NotEncodable } from "../../DurableError.ts"

/*
 * Values as the strings of a journal. A string is an envelope with the version of this form, so that a later library can
 * tell. Whatever a journal holds, reading it gives a value or `Corrupt`.
 */

/** The deepest nesting. Schemas decode recursively, and a few thousand levels would overflow the stack. */
const maxDepth = 500

/** Reads and writes the values of a schema. */
export interface Codec {
  readonly encode: (runId: string, what: string, value: unknown) => Effect.Effect<string, NotEncodable>
  readonly decode: (runId: string, what: string, text: string) => Effect.Effect<any, Corrupt>
}

const codecs = new WeakMap<object, Codec>()

/** Gives the codec of a schema. Its form is the canonical JSON of the schema. */
export const codecOf = (schema: Schema.Codec<any, any, any, any>): Codec => {
  const known = codecs.get(schema)
  if (known !== undefined) return known
  const codec = make(schema)
  codecs.set(schema, codec)
  return codec
}

const make = (schema: Schema.Codec<any, any, any, any>): Codec => {
  const json = Schema.toCodecJson(schema) as unknown as Schema.Codec<any, any>
  const encode = Schema.encodeUnknownEffect(json)
  const decode = Schema.decodeUnknownEffect(json)
  return {
    encode: (runId, what, value) => {
      const failed = (cause: unknown) => Exit.fail(new NotEncodable({ runId, what, cause }))
      const written = (json: unknown) => {
        const value = JSON.stringify(json) as string | undefined
        if (value === undefined) return failed("it is no JSON")
        const text = `{"v":1,"value":${value}}`
        return depthOf(text) > maxDepth ? failed("nested too deep") : Exit.succeed(text)
      }
      try {
        const encoded = encode(value)
        // Most schemas encode at once.
        if (Exit.isExit(encoded)) return Exit.isSuccess(encoded) ? written(encoded.value) : failed(encoded.cause)
        return Effect.matchCauseEffect(encoded, { onSuccess: written, onFailure: failed })
      } catch (cause) {
        return failed(cause)
      }
    },
    decode: (runId, what, text) =>
      parsed(runId, what, text).pipe(
        Effect.flatMap(decode),
        Effect.catchCause((cause) => Effect.fail(new Corrupt({ runId, what, cause })))
      )
  }
}

const parsed = (runId: string, what: string, text: string): Exit.Exit<unknown, Corrupt> => {
  const corrupt = (cause: unknown) => Exit.fail(new Corrupt({ runId, what, cause }))
  if (typeof text !== "string") return corrupt("no text")
  if (depthOf(text) > maxDepth) return corrupt("nested too deep")
  try {
    const envelope: unknown = JSON.parse(text)
    if (typeof envelope !== "object" || envelope === null || !("v" in envelope) || !("value" in envelope))
      return corrupt("no envelope")
    return envelope.v === 1 ? Exit.succeed(envelope.value) : corrupt("a later version of effect-cano has written it")
  } catch (cause) {
    return corrupt(cause)
  }
}

/** The nesting of a JSON text. */
const depthOf = (text: string): number => {
  if (text.length <= maxDepth) return 0
  let depth = 0
  let deepest = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isQuoted) {
      if (code === 92) at++
      else if (code === 34) isQuoted = false
    } else if (code === 34) isQuoted = true
    else if (code === 91 || code === 123) deepest = Math.max(deepest, ++depth)
    else if (code === 93 || code === 125) depth--
  }
  return deepest
}
