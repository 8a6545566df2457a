/** Completion for fish. */
import { description, type OptionSpec, type ValueKind } from "../options/option.ts";
import { SOURCE_PREFIXES } from "../source-prefixes.ts";
import { type Expected, expected, type Grammar, PROGRAM, quoted, type Scope } from "./grammar.ts";

export function fishScript(grammar: Grammar): string {
  const { programs, scopes } = grammar;
  const names = [PROGRAM, ...programs];
  return `# Completion of ${names.join(", ")} for fish.
${functions(grammar)}
${names.map((name) => `complete -c ${name} -f\n`).join("")}${scopes.flatMap(scopeLines).join("\n")}
${programs.flatMap((name) => ofProgram(name, scopes)).join("\n")}
`;
}

/** A program of its own has nothing before its options. */
function ofProgram(name: string, scopes: readonly Scope[]): readonly string[] {
  return scopes
    .filter(({ path }) => path[0] === name)
    .flatMap(({ options, dash }) =>
      Object.entries(options).map(
        ([option, spec]) => `complete -c ${name} ${optionFlags(option, spec, dash)}`,
      ),
    );
}

function scopeLines({ path, next, options, operands, dash }: Scope): readonly string[] {
  const line = (condition: string, rest: string): string =>
    `complete -c ${PROGRAM} -n ${quoted(condition, "fish")} ${rest}`;
  const at = (operand: number): string => ["__docker2vm_next", operand, ...path].join(" ");
  return [
    ...Object.entries(next).map(([word, summary]) => line(at(1), `-a ${word} -d ${quoted(summary, "fish")}`)),
    ...operands.flatMap((kind, index) => {
      const how = HOW[kind];
      return how === "" ? [] : [line(at(index + 1), how)];
    }),
    ...Object.entries(options).map(([name, option]) =>
      line(["__docker2vm_in", ...path].join(" "), optionFlags(name, option, dash)),
    ),
  ];
}

function optionFlags(name: string, option: OptionSpec, dash: Scope["dash"]): string {
  const value = expected(option);
  return [
    `${dash === "-" ? "-o" : "-l"} ${name}`,
    ...(option.alias === undefined ? [] : [`-s ${option.alias}`]),
    `-d ${quoted(description(option), "fish")}`,
    ...(value === undefined ? [] : [`-r ${how(value)}`.trim()]),
  ].join(" ");
}

function how(value: Expected): string {
  if (!("words" in value)) return HOW[value.kind];
  const words = value.words.join(" ");
  return value.kind === "list"
    ? `-a ${quoted(`(__docker2vm_list ${words})`, "fish")}`
    : `-a ${quoted(words, "fish")}`;
}

/** How each kind of value is completed. */
const HOW: Readonly<Record<ValueKind, string>> = {
  file: "-F",
  folder: "-a '(__fish_complete_directories (__docker2vm_value))'",
  path: "-F",
  source: "-a '(__docker2vm_sources)'",
  image: "-a '(__docker2vm_images)'",
  host: "-a '(__fish_print_hostnames)'",
  size: "",
  number: "",
  duration: "",
  text: "",
};

function functions(grammar: Grammar): string {
  return [wordsFunction(grammar), CONDITIONS, VALUES, IMAGES, sourcesFunction()].join("");
}

function wordsFunction({ scopes }: Grammar): string {
  const names = scopes.flatMap(({ options }) =>
    Object.entries(options)
      .filter(([, { type }]) => type === "string")
      .flatMap(([name, { alias }]) => (alias === undefined ? [name] : [name, alias])),
  );
  const valued = [...new Set(names)];
  return `
# The words before the cursor that are no options and no values of theirs; of a program of its own its name first.
function __docker2vm_words
  set -l tokens (commandline -opc)
  set -l skip 0
  set -l past 0
  for token in $tokens[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    if test $past = 0
      switch $token
        case --
          set past 1
          continue
        case '-*=*'
          continue
        case '-*'
          contains -- (string replace -r '^--?' '' -- $token) ${valued.join(" ")}
          and set skip 1
          continue
      end
    end
    echo $token
  end
end

`;
}

const CONDITIONS = `# Whether the words begin with these; with none, whether there are none yet.
function __docker2vm_in
  set -l words (__docker2vm_words)
  set -l length (count $argv)
  test $length = 0
  and set length (count $words)
  test "$words[1..$length]" = "$argv"
end

# Whether the words are those behind the number, and the one that is typed so many places behind them.
function __docker2vm_next
  set -l words (__docker2vm_words)
  set -l path $argv[2..-1]
  set -l length (count $path)
  test (count $words) = (math $length + $argv[1] - 1)
  or return
  test $length = 0
  or test "$words[1..$length]" = "$path"
end

`;

const VALUES = `# What of the value is there, without the option that it may stand behind.
function __docker2vm_value
  string replace -r '^--?[^=]*=' '' -- (commandline -ct)
end

# Several of the words with commas between.
function __docker2vm_list
  set -l head (string match -r '.*,' -- (__docker2vm_value))
  for word in $argv
    string match -q "*,$word,*" -- ",$head"
    or echo "$head$word"
  end
end

`;

const IMAGES = `# Names of images in the cache, as they are given.
function __docker2vm_images
  set -l cache "$HOME/.cache"
  test -n "$XDG_CACHE_HOME"
  and set cache $XDG_CACHE_HOME
  for file in $cache/docker2vm/refs/*/*/*
    set -l parts (string split / -- (string replace -- $cache/docker2vm/refs/ '' $file))
    set -l name (string replace -a + : -- $parts[1])/(string replace -a + / -- $parts[2]):$parts[3]
    string replace -r '^docker\\.io/(library/)?' '' -- $name
  end
end

`;

function sourcesFunction(): string {
  const prefixes = Object.keys(SOURCE_PREFIXES);
  const ofPaths = Object.entries(SOURCE_PREFIXES)
    .filter(([, kind]) => kind === "file" || kind === "folder")
    .map(([prefix]) => prefix);
  return `function __docker2vm_sources
  set -l current (commandline -ct)
  set -l prefix (string match -r '^(?:docker://|${ofPaths.join("|")})' -- $current)
  set -l path (string replace -- "$prefix" '' $current)
  if test "$prefix" = docker://
    printf 'docker://%s\\n' (__docker2vm_images)
  else if test -n "$prefix" || string match -qr '^[./~]' -- $current
    for found in (__docker2vm_paths $path)
      echo "$prefix$found"
    end
  else
    __docker2vm_images
    printf '%s\\n' ${prefixes.join(" ")}
  end
end

function __docker2vm_paths
  for found in $argv[1]*
    test -d $found
    and echo $found/
    or echo $found
  end
end`;
}
