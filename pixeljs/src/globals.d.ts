interface Window {
  hg: any;
  hgTracking: any;
  // The Navigation API, which not every browser has.
  Navigation: any;
  navigation: any;
  Temporal: any;
}
declare const Temporal: any;
declare const navigation: any;
