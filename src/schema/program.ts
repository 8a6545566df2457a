/** The program's own types, as TypeScript's compiler has them: asked while the package is built, and by its tests. */
import { API, type Checker, type Symbol as Declared, SymbolFlags } from "typescript/unstable/async";

/** A compiler that has read a file and all that it leads to. */
export interface Program {
  readonly checker: Checker;
  /** What the file exports, each as it is declared, by the names that it has there. */
  readonly exports: ReadonlyMap<string, Declared>;
}

/**
 * Hands over what the compiler makes of the file `entry`, which is in the project of `tsconfig`; absolute paths both. Throws
 * where the project has no such file.
 */
export async function withProgram<Result>(
  tsconfig: string,
  entry: string,
  use: (program: Program) => Promise<Result>,
): Promise<Result> {
  const api = new API({});
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [tsconfig] });
    const project = snapshot.getProject(tsconfig);
    const file = await project?.program.getSourceFile(entry);
    if (project === undefined || file === undefined) throw new Error(`${entry} is not in ${tsconfig}`);
    const { checker } = project;
    const module = await checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${entry} exports nothing`);
    const named = await checker.getExportsOfModule(module);
    const declared = named.map(async (symbol): Promise<[string, Declared]> => {
      const isAlias = (symbol.flags & SymbolFlags.Alias) !== 0;
      return [symbol.name, isAlias ? await checker.getAliasedSymbol(symbol) : symbol];
    });
    return await use({ checker, exports: new Map(await Promise.all(declared)) });
  } finally {
    await api.close();
  }
}
