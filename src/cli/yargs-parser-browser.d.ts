/** The types of yargs-parser say nothing of its second entry, which is the same function. */
declare module "yargs-parser/browser" {
  export { default } from "yargs-parser";
}
