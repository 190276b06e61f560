/**
 * What was compiled of an expression, kept with it: small uploads tend to run the same plan again and again.
 * @module
 */
import type { Expression } from "../language/syntax.ts";
import type { Scope } from "./compile.ts";

interface Kept<Made> extends Scope {
  readonly made: Made;
}

/**
 * What `make` makes of expressions on the rows of a scope, made once for each expression and gone with it. It must give one
 * that keeps nothing between two calls. An expression with a pattern or a call, which may hold tables that grow with the texts they meet, is made anew
 * each time: no upload is to slow down another's, and no plan to hold more than its text.
 */
export class KeptExpressions<Made> {
  readonly #kept = new WeakMap<Expression, Kept<Made>>();

  constructor(readonly make: (expression: Expression, scope: Scope) => Made) {}

  get(expression: Expression, scope: Scope): Made {
    const known = this.#kept.get(expression);
    if (known?.schema === scope.schema && known.functions === scope.functions) return known.made;
    const made = this.make(expression, scope);
    if (isPlain(expression)) this.#kept.set(expression, { ...scope, made });
    return made;
  }
}

/** Whether what is compiled of it keeps nothing: it is made of fields, literals and operators on them alone. */
export function isPlain(expression: Expression): boolean {
  switch (expression.kind) {
    case "literal":
    case "field":
      return true;
    case "unary":
      return isPlain(expression.operand);
    case "binary":
      return expression.operator !== "=~" && expression.operator !== "!~" &&
        isPlain(expression.left) && isPlain(expression.right);
    default:
      return false;
  }
}
