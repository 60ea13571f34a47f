interface Window {
  hg: any;
  hgTracking: any;
}
