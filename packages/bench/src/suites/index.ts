import type { Suite } from "../harness/suite.ts"
import { concurrentAll, concurrentDeadline, concurrentEqual, concurrentQuota } from "./concurrent.ts"
import { durable, durableClaims, durableCpu, durableNormal, durableResume } from "./durable.ts"
import { instance } from "./instance.ts"
import { journal, journalCpu, journalNormal } from "./journal.ts"
import { postgres, postgresAsync } from "./postgres.ts"
import { retry } from "./retry.ts"
import { scheduler1k, scheduler10k, scheduler100k, schedulerCron } from "./scheduler.ts"
import { store } from "./store.ts"
import { tracing } from "./tracing.ts"
import { transitions } from "./transitions.ts"
import { typecheck } from "./typecheck.ts"

export const suites: ReadonlyArray<Suite> = [
  transitions,
  retry,
  store,
  tracing,
  instance,
  concurrentAll,
  concurrentQuota,
  concurrentDeadline,
  concurrentEqual,
  scheduler1k,
  scheduler10k,
  scheduler100k,
  schedulerCron,
  journal,
  journalCpu,
  journalNormal,
  durable,
  durableCpu,
  durableNormal,
  durableResume,
  durableClaims,
  postgres,
  postgresAsync,
  typecheck
]

export const findSuite = (name: string): Suite | undefined => suites.find((suite) => suite.name === name)
