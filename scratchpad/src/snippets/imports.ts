/** The two ways to import the library. */
// #region imports
import { Store, Task } from "effect-cano"
import * as Workflow from "effect-cano/Workflow"
// #endregion

export const modules = [Store, Task, Workflow]
