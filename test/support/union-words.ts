/** Reads the words of a union of string literals from its declaration, for tests of completeness. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** Returns the words of `export type NAME = 'a' | 'b' | …` in a source file, in their order. */
export function unionWords(file: URL, name: string): readonly string[] {
  const source = ts.createSourceFile(
    file.pathname,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
  );
  const declaration = source.statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === name,
  );
  if (declaration === undefined || !ts.isUnionTypeNode(declaration.type))
    throw new Error(`${file.pathname} declares no union ${name}`);
  return declaration.type.types.map((member) => {
    if (ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal))
      return member.literal.text;
    throw new Error(`${name} has members that are not words`);
  });
}
