import type { Suite } from "../harness/suite.ts"
import { instance } from "./instance.ts"
import { retry } from "./retry.ts"
import { store } from "./store.ts"
import { tracing } from "./tracing.ts"
import { transitions } from "./transitions.ts"
import { typecheck } from "./typecheck.ts"

export const suites: ReadonlyArray<Suite> = [transitions, retry, store, tracing, instance, typecheck]

export const findSuite = (name: string): Suite | undefined => suites.find((suite) => suite.name === name)
