/**
 * @since 0.1.0
 */
export * as Concurrent from "./Concurrent.ts"
export * as ConfigurationError from "./ConfigurationError.ts"
export * as Interpreter from "./Interpreter.ts"
export * as Metrics from "./Metrics.ts"
export * as Node from "./Node.ts"
export * as Observer from "./Observer.ts"
export * as Retry from "./Retry.ts"
export * as Scheduler from "./Scheduler.ts"
export * as SchedulerError from "./SchedulerError.ts"
export * as Signal from "./Signal.ts"
export * as Store from "./Store.ts"
export * as Task from "./Task.ts"
export * as Trigger from "./Trigger.ts"
export * as Wait from "./Wait.ts"
export * as Workflow from "./Workflow.ts"
