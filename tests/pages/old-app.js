// Speaks the format of the first hgpixel script, defects included: it starts once when it is loaded, without a site, and once more
// when the snippet names the site, so that its first page view has no `clientID` and every listener is there twice.
(function () {
  var endpoint = "__TRACK__";
  var twoYears = 63072000;
  var site;

  function uuid() {
    return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, function () {
      return Math.floor(Math.random() * 16).toString(16);
    });
  }

  function remembered(name) {
    var found = document.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)"));
    var value = found ? found[1] : uuid();
    document.cookie = name + "=" + value + "; path=/; max-age=" + twoYears;
    return value;
  }

  function deviceType() {
    if (/Mobi/.test(navigator.userAgent)) return "Mobile";
    return /Tablet|iPad/.test(navigator.userAgent) ? "Tablet" : "Desktop";
  }

  function send(type, data) {
    var body = JSON.stringify({
      clientID: site,
      eventType: type,
      eventData: data || {},
      sessionId: remembered("_hgpixel_session_id"),
      userId: remembered("_hgpixel_user_id"),
      timestamp: new Date().toISOString(),
      url: location.href,
      referrer: document.referrer,
      userAgent: navigator.userAgent,
      deviceInfo: {
        screenResolution: screen.width + "x" + screen.height,
        operatingSystem: navigator.platform,
        deviceType: deviceType(),
        browserLanguage: navigator.language,
      },
    });
    if (navigator.sendBeacon) {
      navigator.sendBeacon(endpoint, body);
      return;
    }
    var request = new XMLHttpRequest();
    request.open("POST", endpoint);
    request.setRequestHeader("Content-Type", "application/json");
    request.send(body);
  }

  function onClick(event) {
    var target = event.target;
    send("click", { element: target.tagName });
    if (target.tagName === "BUTTON") {
      send("button_click", { buttonText: target.innerText || "Unnamed Button", buttonId: target.id || "No ID" });
    }
    if (target.tagName === "A" && target.hostname !== location.hostname) {
      send("outbound_link", { linkText: target.innerText || "Unnamed Link", linkUrl: target.href });
    }
  }

  function init() {
    send("pageview", {});
    document.addEventListener("click", onClick);
    document.addEventListener("submit", function (event) {
      send("form_submit", { formId: event.target.id });
    });
    window.addEventListener("load", function () {
      setTimeout(function () {
        var timing = performance.timing;
        send("performance_metrics", { totalTime: timing.loadEventEnd - timing.navigationStart });
      }, 0);
    });
  }

  window.hgTracking = {
    initialize: function (id) {
      site = id;
      init();
    },
    trackEvent: send,
    push: function (item) {
      send(item[0], item[1]);
    },
  };
  init();
})();
