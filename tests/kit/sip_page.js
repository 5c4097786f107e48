// A SIP phone that is a page: SIP over secure WebSocket (RFC 7118), media by the browser's own WebRTC (RFC 8829).
// Typed out by hand: no message of it is read or written by anything of ours. One call at a time; it answers calls too.
"use strict";

const random = (bytes = 8) =>
    Array.from(crypto.getRandomValues(new Uint8Array(bytes)), one => one.toString(16).padStart(2, "0")).join("");

async function sha256(text) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), one => one.toString(16).padStart(2, "0")).join("");
}

function parse(text) {
    const end = text.indexOf("\r\n\r\n");
    const [first, ...lines] = text.slice(0, end).split("\r\n");
    const headers = lines.map(line => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    });
    const status = /^SIP\/2\.0 (\d+)/.exec(first);
    return {
        text,
        status: status ? Number(status[1]) : 0,
        method: status ? "" : first.split(" ")[0],
        all: name => headers.filter(header => header[0] === name).map(header => header[1]),
        get: name => headers.find(header => header[0] === name)?.[1] ?? "",
        body: text.slice(end + 4),
    };
}

const uriOf = value => /<([^>]*)>/.exec(value)?.[1] ?? value.split(";")[0];

class Phone {
    constructor({ url, user, domain, password }) {
        Object.assign(this, { url, user, domain, password });
        this.instance = `urn:uuid:${crypto.randomUUID()}`;
        this.registration = { id: random(), tag: random(4), number: 0 };
        this.asked = new Map(); // by branch: who waits for the final response
        this.call = null;
        this.rang = 0;
        this.ended = ""; // by what the newest call ended
        this.trace = [];
    }

    // --- the socket ---

    async connect() {
        this.host = `${random(6)}.invalid`; // a page has no address
        this.socket = new WebSocket(this.url, "sip");
        this.socket.onmessage = event => this.heard(parse(event.data));
        await new Promise((resolve, reject) => {
            this.socket.onopen = resolve;
            this.socket.onerror = () => reject(new Error("the socket is refused"));
        });
    }

    // The network has changed: a new socket, and a new name for the same phone.
    async reconnect() {
        this.socket.close();
        await this.connect();
        return this.register();
    }

    say(lines, body) {
        const type = body && !lines.some(line => /^content-type/i.test(line)) ? ["Content-Type: application/sdp"] : [];
        const text = [...lines, ...type, `Content-Length: ${new TextEncoder().encode(body).length}`, "", body].join("\r\n");
        this.trace.push(`> ${text}`);
        this.socket.send(text);
    }

    get contact() {
        return `<sip:${this.user}@${this.host};transport=ws>;+sip.instance="<${this.instance}>";reg-id=1`;
    }

    // --- requests ---

    request(method, target, dialog, { to = "", headers = [], body = "", branch = `z9hG4bK${random()}` } = {}) {
        this.say([
            `${method} ${target} SIP/2.0`,
            `Via: SIP/2.0/WSS ${this.host};branch=${branch}`,
            "Max-Forwards: 70",
            `From: <sip:${this.user}@${this.domain}>;tag=${dialog.tag}`,
            `To: ${to || dialog.remote}`,
            `Call-ID: ${dialog.id}`,
            `CSeq: ${dialog.number} ${method}`,
            `Contact: ${this.contact}`,
            "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS",
            "Supported: outbound",
            "User-Agent: page",
            ...headers,
        ], body);
    }

    // The final response; a challenge is answered once.
    async ask(method, target, dialog, options = {}) {
        const once = async headers => {
            const branch = `z9hG4bK${random()}`;
            dialog.number += 1;
            const answer = new Promise(resolve => this.asked.set(branch, resolve));
            this.request(method, target, dialog, { ...options, branch, headers: [...(options.headers ?? []), ...headers] });
            const response = await answer;
            if (method === "INVITE" && response.status >= 300) {
                this.request("ACK", target, dialog, { branch, to: response.get("to") });
            }
            return response;
        };
        const response = await once([]);
        return response.status === 401 ? once([await this.credentials(method, target, response)]) : response;
    }

    async credentials(method, target, challenge) {
        const said = name => new RegExp(`${name}="?([^",]*)`).exec(challenge.get("www-authenticate"))?.[1] ?? "";
        if (said("algorithm") !== "SHA-256") throw new Error(challenge.text);
        const [realm, nonce, cnonce] = [said("realm"), said("nonce"), random()];
        const who = await sha256(`${this.user}:${realm}:${this.password}`);
        const response = await sha256(`${who}:${nonce}:00000001:${cnonce}:auth:${await sha256(`${method}:${target}`)}`);
        return `Authorization: Digest username="${this.user}", realm="${realm}", nonce="${nonce}", uri="${target}", ` +
            `response="${response}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="${cnonce}"`;
    }

    // What the registrar says of this phone: the whole value of its own Contact.
    async register() {
        const registrar = `sip:${this.domain}`;
        const options = { to: `<sip:${this.user}@${this.domain}>`, headers: ["Expires: 600"] };
        const response = await this.ask("REGISTER", registrar, this.registration, options);
        if (response.status !== 200) throw new Error(response.text);
        return response.all("contact");
    }

    // --- what comes ---

    heard(message) {
        this.trace.push(`< ${message.text}`);
        if (message.status) {
            const branch = /branch=([^;,\s]*)/.exec(message.get("via"))?.[1];
            if (message.status >= 200) this.asked.get(branch)?.(message);
            return;
        }
        const own = this.call !== null && message.get("call-id") === this.call.id;
        if (message.method === "ACK") return;
        if (message.method === "INVITE") {
            (own ? this.changed(message) : this.called(message)).catch(problem => { this.ended = String(problem); });
        } else if (message.method === "BYE" && own) {
            this.respond(message, 200);
            this.over(`BYE ${message.get("reason")}`.trim());
        } else {
            this.respond(message, own || message.method === "OPTIONS" ? 200 : 481);
        }
    }

    respond(request, status, body = "") {
        const to = request.get("to");
        const tag = /;tag=/.test(to) ? "" : `;tag=${this.call?.tag ?? random(4)}`;
        this.say([
            `SIP/2.0 ${status} Said`,
            ...request.all("via").map(via => `Via: ${via}`),
            `From: ${request.get("from")}`,
            `To: ${to}${tag}`,
            `Call-ID: ${request.get("call-id")}`,
            `CSeq: ${request.get("cseq")}`,
            `Contact: ${this.contact}`,
        ], body);
    }

    // --- calls ---

    async media() {
        this.connection = new RTCPeerConnection();
        this.connection.ontrack = event => { document.getElementById("ear").srcObject = event.streams[0]; };
        this.microphone ??= await navigator.mediaDevices.getUserMedia({
            audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
        });
    }

    speak() {
        this.connection.addTrack(this.microphone.getAudioTracks()[0], this.microphone);
    }

    // The local description with every candidate in it: there is nothing like trickling here.
    async described() {
        await this.connection.setLocalDescription();
        if (this.connection.iceGatheringState !== "complete") {
            await new Promise(resolve => {
                this.connection.onicegatheringstatechange = () => {
                    if (this.connection.iceGatheringState === "complete") resolve();
                };
            });
        }
        return this.connection.localDescription.sdp;
    }

    async until(state) {
        while (this.connection.connectionState !== state) {
            await new Promise(resolve => { this.connection.onconnectionstatechange = resolve; });
        }
    }

    async dial(target, { offers = true } = {}) {
        await this.media();
        this.call = { id: random(), tag: random(4), number: 0, remote: `<${target}>`, target };
        if (offers) {
            this.speak();
            await this.invite();
        } else {
            await this.inviteForOffer(() => this.speak());
        }
        await this.until("connected");
    }

    // INVITE with an offer, or a new offer inside the call.
    async invite() {
        const call = this.call;
        const response = await this.ask("INVITE", call.target, call, { body: await this.described() });
        if (response.status !== 200) throw new Error(response.text);
        [call.remote, call.target] = [response.get("to"), uriOf(response.get("contact"))];
        this.request("ACK", call.target, call);
        await this.connection.setRemoteDescription({ type: "answer", sdp: response.body });
    }

    // An INVITE without an offer: theirs comes with the 200, our answer goes with the ACK.
    async inviteForOffer(before = () => {}) {
        const call = this.call;
        const response = await this.ask("INVITE", call.target, call);
        if (response.status !== 200) throw new Error(response.text);
        [call.remote, call.target] = [response.get("to"), uriOf(response.get("contact"))];
        await this.connection.setRemoteDescription({ type: "offer", sdp: response.body });
        before();
        this.request("ACK", call.target, call, { body: await this.described() });
    }

    async hold() {
        this.connection.getTransceivers()[0].direction = "sendonly";
        await this.invite();
    }

    // Both ways again, and by new paths.
    async resume() {
        this.connection.getTransceivers()[0].direction = "sendrecv";
        this.connection.restartIce();
        await this.invite();
    }

    async called(invite) {
        this.rang += 1;
        const remote = invite.get("from");
        this.call = { id: invite.get("call-id"), tag: random(4), number: 0, remote, target: uriOf(invite.get("contact")) };
        this.ended = "";
        this.respond(invite, 180);
        await this.media();
        await this.changed(invite, () => this.speak());
    }

    async changed(invite, before = () => {}) {
        await this.connection.setRemoteDescription({ type: "offer", sdp: invite.body });
        before();
        this.respond(invite, 200, await this.described());
    }

    // Keys by the browser itself, in RTP (RFC 4733).
    async press(keys) {
        const sender = this.connection.getSenders()[0].dtmf;
        sender.insertDTMF(keys, 100, 100);
        await new Promise(resolve => { sender.ontonechange = event => event.tone === "" && resolve(); });
    }

    // A key by INFO.
    async inform(key) {
        const options = { headers: ["Content-Type: application/dtmf-relay"], body: `Signal=${key}\r\nDuration=160\r\n` };
        return (await this.ask("INFO", this.call.target, this.call, options)).status;
    }

    async hangUp() {
        const response = await this.ask("BYE", this.call.target, this.call);
        this.over("hung up");
        return response.status;
    }

    over(why) {
        this.connection.close();
        this.call = null;
        this.ended = why;
    }
}
