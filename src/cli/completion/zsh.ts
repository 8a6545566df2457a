/** Completion for zsh, by what its own completion system offers. */
import { description, type OptionSpec, VALUE_NAMES, type ValueKind } from "../options/option.ts";
import { SOURCE_PREFIXES } from "../source-prefixes.ts";
import { type Expected, expected, type Grammar, PROGRAM, quoted, type Scope } from "./grammar.ts";

export function zshScript({ programs, scopes }: Grammar): string {
  const names = [PROGRAM, ...programs].join(" ");
  return `#compdef ${names}
# Completion of ${names.replaceAll(" ", ", ")} for zsh.
${FUNCTIONS}
${scopes.map(scopeFunction).join("\n")}
_docker2vm() {
  case $service in
    ${programs.join(" | ")}) "_docker2vm_$service" ;;
    *) _docker2vm_ ;;
  esac
}

if [ "$funcstack[1]" = _docker2vm ]; then
  _docker2vm "$@"
else
  compdef _docker2vm ${names}
fi
`;
}

function functionName(path: readonly string[]): string {
  return `_docker2vm_${path.join("_")}`;
}

function scopeFunction({ path, next, options, operands, dash }: Scope): string {
  const specs = [
    ...Object.entries(options).map(([name, option]) => optionSpec(name, option, dash)),
    ...operands.map((kind, at) => quoted(`${at + 1}:${VALUE_NAMES[kind]}:${ACTIONS[kind]}`)),
  ];
  const stacked = dash === "--" ? "-s -S" : "-S";
  const lines = (rest: readonly string[]): string =>
    [...specs, ...rest].map((spec) => ` \\\n    ${spec}`).join("");
  if (Object.keys(next).length === 0) {
    return `${functionName(path)}() {\n  _arguments ${stacked}${lines([])}\n}`;
  }
  const words = Object.entries(next).map(([word, summary]) => quoted(`${word}:${summary}`));
  return `${functionName(path)}() {
  local curcontext=$curcontext state line
  local -a words_here
  words_here=(${words.join(" ")})
  _arguments -C ${stacked}${lines(["'1: :->word'", "'*:: :->rest'"])}
  case $state in
    word) _describe -t commands command words_here ;;
    rest) (( \${+functions[${functionName([...path, ""])}$words[1]]} )) && ${functionName([...path, ""])}$words[1] ;;
  esac
}`.replaceAll("_docker2vm__", "_docker2vm_");
}

function optionSpec(name: string, option: OptionSpec, dash: Scope["dash"]): string {
  const value = expected(option);
  const text = `[${escaped(description(option))}]${value === undefined ? "" : `:${valueSpec(option, value)}`}`;
  const equals = value === undefined ? "" : "=";
  const several = option.repeats === true ? "*" : "";
  const long = `${dash}${name}`;
  const { alias } = option;
  if (alias === undefined) return quoted(`${several}${long}${equals}${text}`);
  const short = `-${alias}${value === undefined ? "" : "+"}`;
  return `${quoted(`(${long} -${alias})`)}{${short},${long}${equals}}${quoted(text)}`;
}

function valueSpec({ takes = "text" }: OptionSpec, value: Expected): string {
  const name = escaped(VALUE_NAMES[takes]);
  if (!("words" in value)) return `${name}:${ACTIONS[value.kind]}`;
  const words = value.words.map(escaped).join(" ");
  return value.kind === "list" ? `${name}: _sequence compadd - ${words}` : `${name}:(${words})`;
}

/** Within a specification for _arguments brackets and colons have a meaning. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
}

/** How each kind of value is completed. */
const ACTIONS: Readonly<Record<ValueKind, string>> = {
  file: "_files",
  folder: "_files -/",
  path: "_files",
  source: "_docker2vm_a_source",
  image: "_docker2vm_an_image",
  host: "_hosts",
  size: " ",
  number: " ",
  duration: " ",
  text: " ",
};

const BY_PREFIX = Object.entries(SOURCE_PREFIXES)
  .map(
    ([prefix, kind]) =>
      `  if compset -P ${quoted(prefix)}; then ${kind === "text" ? "" : `${ACTIONS[kind]}; `}return; fi\n`,
  )
  .join("");

const FUNCTIONS = `
# Names of images in the cache, as they are given.
_docker2vm_an_image() {
  local refs=\${XDG_CACHE_HOME:-$HOME/.cache}/docker2vm/refs file name
  local -a names parts
  for file in $refs/*/*/*(N.); do
    parts=("\${(@s:/:)\${file#$refs/}}")
    name=\${parts[1]//+/:}/\${parts[2]//+//}:$parts[3]
    name=\${name#docker.io/}
    names+=(\${name#library/})
  done
  compadd -a names
}

_docker2vm_a_source() {
${BY_PREFIX}  if [[ $PREFIX = [./~]* ]]; then _files; return; fi
  _docker2vm_an_image
  compadd -S '' -- ${Object.keys(SOURCE_PREFIXES)
    .map((prefix) => quoted(prefix))
    .join(" ")}
}
`;
