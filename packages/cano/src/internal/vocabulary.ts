import type * as SchemaAST from "effect/SchemaAST"

/** What a schema of states says of its members. */
export interface Vocabulary {
  /** The states that are string literals; all others are records. */
  readonly literals: ReadonlySet<string>
  /** The records that cannot be built from their tag alone. */
  readonly payloads: ReadonlySet<string>
}

export const vocabularyOf = (ast: SchemaAST.AST): Vocabulary => {
  const literals = new Set<string>()
  const payloads = new Set<string>()
  const visit = (ast: SchemaAST.AST): void => {
    switch (ast._tag) {
      case "Literal":
        if (typeof ast.literal === "string") literals.add(ast.literal)
        break
      case "Enum":
        for (const [, value] of ast.enums) if (typeof value === "string") literals.add(value)
        break
      case "Objects": {
        const tag = ast.propertySignatures.find(({ name }) => name === "_tag")?.type
        const isBare = ast.propertySignatures.every(({ name, type }) => name === "_tag" || type.context?.isOptional)
        if (tag?._tag === "Literal" && !isBare) payloads.add(String(tag.literal))
        break
      }
      case "Union":
        ast.types.forEach(visit)
        break
      case "Suspend":
        visit(ast.thunk())
        break
    }
  }
  visit(ast)
  return { literals, payloads }
}
