// What TypeScript has to say about texts that use the types of LINE's library.

import ts from 'typescript';

const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
};

/** What is wrong with a text, or with files of this folder: each with its line; none when all is well. */
export function faults(text, files) {
  const name = `${import.meta.dirname}/checked.mts`;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, ...more) =>
    file === name ? ts.createSourceFile(file, text, options.target) : getSourceFile(file, ...more);
  const roots = [name, ...files.map((file) => `${import.meta.dirname}/${file}`)];
  return ts.getPreEmitDiagnostics(ts.createProgram(roots, options, host)).map((one) => {
    const line = one.file ? one.file.getLineAndCharacterOfPosition(one.start).line : 0;
    const what = ts.flattenDiagnosticMessageText(one.messageText, '\n');
    return { own: one.file?.fileName === name, line, what };
  });
}
