declare module "virtual:keywords" {
  /** The keywords of KNIRVQL in capitals, from grammar/knirvql.pest. */
  export const KNIRVQL: string[];
}
declare module "*.css";
