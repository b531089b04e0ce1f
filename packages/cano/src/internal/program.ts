import { fromUnknown, type Handler } from "./handler.ts"
import type { AnyState } from "./state.ts"
import type { Work } from "./work.ts"

/** A state as the loop sees it. All entries have one shape, so that the loop stays monomorphic. */
export class Entry {
  readonly tag: string
  readonly exit: boolean
  readonly handler: Handler
  readonly work: Work
  readonly catch: ReadonlyMap<string, Handler> | undefined
  /** The first three edges lie in the entry itself: comparing a tag costs less than a map look-up. */
  tag0: string | undefined = undefined
  tag1: string | undefined = undefined
  tag2: string | undefined = undefined
  entry0: Entry | undefined = undefined
  entry1: Entry | undefined = undefined
  entry2: Entry | undefined = undefined
  readonly edges = new Map<string, Entry>()

  constructor(tag: string, exit: boolean, work: Work, routes: ReadonlyMap<string, Handler> | undefined) {
    this.tag = tag
    this.exit = exit
    this.handler = work.handler
    this.work = work
    this.catch = routes
  }

  link(to: ReadonlyArray<Entry>): void {
    for (const entry of to) this.edges.set(entry.tag, entry)
    this.entry0 = to[0]
    this.entry1 = to[1]
    this.entry2 = to[2]
    this.tag0 = to[0]?.tag
    this.tag1 = to[1]?.tag
    this.tag2 = to[2]?.tag
  }

  /** The entry behind an edge, if this state declares it. */
  follow(tag: string): Entry | undefined {
    if (tag === this.tag0) return this.entry0
    if (tag === this.tag1) return this.entry1
    if (tag === this.tag2) return this.entry2
    return this.edges.get(tag)
  }
}

/** A machine as the loop sees it, prepared once, when the workflow is made. */
export interface Program {
  readonly entries: ReadonlyMap<string, Entry>
  /** Some state retries or catches, so a failure may not be the end. */
  readonly recovers: boolean
}

/** The definition of a state in its plainest form. */
export interface Source {
  readonly to: ReadonlyArray<string>
  readonly work: Work
  /** Where each failure leads, by its tag: a state's tag, or a function of the failure and the state. */
  readonly catch: ReadonlyMap<string, string | Handler>
}

export const compile = (
  states: ReadonlyMap<string, Source>,
  exits: ReadonlyArray<string>,
  stateOf: (tag: string) => AnyState | undefined
): Program => {
  const route = (target: string | Handler): Handler =>
    typeof target === "string" ? fromUnknown(stateOf(target)) : target
  const entries = new Map<string, Entry>()
  for (const tag of exits) entries.set(tag, new Entry(tag, true, plain(fromUnknown(tag)), undefined))
  for (const [tag, source] of states) {
    const routes = new Map(Array.from(source.catch, ([error, target]) => [error, route(target)]))
    entries.set(tag, new Entry(tag, false, source.work, routes.size === 0 ? undefined : routes))
  }
  for (const [tag, source] of states) {
    entries.get(tag)!.link(source.to.map((target) => entries.get(target)!))
  }
  const recovers = Array.from(states.values()).some((s) => s.work.retry !== undefined || s.catch.size > 0)
  return { entries, recovers }
}

/** Work that has nothing but a handler. */
export const plain = (handler: Handler): Work => ({
  name: undefined,
  handler,
  tracedHandler: handler,
  retry: undefined,
  attemptTimeout: undefined,
  fork: undefined
})
