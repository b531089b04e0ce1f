import * as Tracer from "effect/Tracer"

/** Effect's in-memory spans behind a tracer of its own: a library may take the native tracer for "no tracer". */
export const inMemoryTracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
