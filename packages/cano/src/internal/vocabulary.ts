import type * as SchemaAST from "effect/SchemaAST"

/** The string literals among a schema's members; all other members are records. */
export const literalsOf = (ast: SchemaAST.AST, found: Set<string> = new Set()): ReadonlySet<string> => {
  switch (ast._tag) {
    case "Literal":
      if (typeof ast.literal === "string") found.add(ast.literal)
      break
    case "Enum":
      for (const [, value] of ast.enums) if (typeof value === "string") found.add(value)
      break
    case "Union":
      for (const member of ast.types) literalsOf(member, found)
      break
    case "Suspend":
      literalsOf(ast.thunk(), found)
      break
  }
  return found
}
