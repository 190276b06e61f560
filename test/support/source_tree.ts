/**
 * The project's own source as syntax trees, for tests that hold its architecture.
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

/** One `from "..."`, `import "..."` or `import("...")`. */
export interface Import {
  /** The specifier, or for a relative one the path from the project's root. */
  readonly target: string;
  readonly relative: boolean;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A source file with what the rules ask of it; lines are 1-based. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Where a free name such as `Deno` is used. */
  uses(name: string): readonly number[];
  /** Exported declarations without a doc comment. */
  readonly undocumented: readonly { readonly name: string; readonly line: number }[];
}

/** All TypeScript files below `folders` of the project at `root`, by path from there. */
export function readSources(root: string, folders: readonly string[]): Map<string, SourceText> {
  const sources = new Map<string, SourceText>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      const path = join(folder, entry).replaceAll("\\", "/");
      if (!path.endsWith(".ts") || path.includes("node_modules/")) continue;
      sources.set(path, readSource(path, readFileSync(join(root, path), "utf8")));
    }
  }
  return sources;
}

/** One file, parsed. */
export function readSource(path: string, text: string): SourceText {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const imports: Import[] = [];
  const names = new Map<string, number[]>();
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== null) {
      imports.push({ ...resolve(path, found.specifier), ...found, line: lineOf(node) });
    }
    if (ts.isIdentifier(node) && isFree(node)) {
      names.set(node.text, [...names.get(node.text) ?? [], lineOf(node)]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return {
    path,
    text,
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    imports,
    uses: (name) => names.get(name) ?? [],
    undocumented: file.statements.flatMap((statement, index) =>
      isExported(statement) && !isDocumented(statement) &&
        !isOverload(file.statements[index - 1], statement)
        ? [{ name: nameOf(statement), line: lineOf(statement) }]
        : []
    ),
  };
}

function importOf(node: ts.Node): { specifier: string; typeOnly: boolean } | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { specifier: node.moduleSpecifier.text, typeOnly };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return ts.isStringLiteral(node.moduleSpecifier)
      ? { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly }
      : null;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [specifier] = node.arguments;
    return specifier !== undefined && ts.isStringLiteral(specifier)
      ? { specifier: specifier.text, typeOnly: false }
      : null;
  }
  return null;
}

function resolve(from: string, specifier: string): { target: string; relative: boolean } {
  if (!specifier.startsWith(".")) return { target: specifier, relative: false };
  return {
    target: normalize(join(dirname(from), specifier)).replaceAll("\\", "/"),
    relative: true,
  };
}

/** Neither a property (except of globalThis) nor a key. */
function isFree(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return ts.isIdentifier(parent.expression) && parent.expression.text === "globalThis";
  }
  return !((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) &&
    parent.name === node);
}

function isExported(node: ts.Statement): boolean {
  return ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

/** Whether `next` is the function of `before` with other types: its documentation is the first one's. */
function isOverload(before: ts.Statement | undefined, next: ts.Statement): boolean {
  return before !== undefined && ts.isFunctionDeclaration(before) &&
    ts.isFunctionDeclaration(next) && before.body === undefined &&
    before.name?.text === next.name?.text;
}

function isDocumented(node: ts.Statement): boolean {
  return ts.getJSDocCommentsAndTags(node).some((doc) => {
    const text = ts.isJSDoc(doc) ? ts.getTextOfJSDocComment(doc.comment) ?? "" : "";
    return text.trim().length > 0;
  });
}

function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations[0]?.name.getText() ?? "?";
  }
  const { name } = node as ts.Statement & { readonly name?: ts.Node };
  return name?.getText() ?? "default";
}
